"""Every live figure: its page with the view, its key, and which sliders move it by many steps."""

from __future__ import annotations

from tests.support.live_page import LivePage

MANY = 12
FIGURES = [
    ("/latent_variables", "latent_hand"),
    ("/latent_variables?view=trained", "latent_trained"),
    ("/latent_variables?view=hard", "latent_hard"),
    ("/kl_divergence", "kl_bells"),
    ("/kl_divergence?view=hills", "kl_hills"),
    ("/kl_divergence?view=best", "kl_best"),
    ("/kl_divergence?view=vae", "kl_vae"),
    ("/elbo?view=steps", "steps"),
    ("/elbo_gap", "gap"),
    ("/elbo_gap?model=hills", "gap"),
    ("/amortized", "hand"),
    ("/amortized?view=steps", "steps"),
    ("/monte_carlo", "monte_carlo_average"),
    ("/monte_carlo?view=error", "monte_carlo_error"),
    ("/monte_carlo?view=bias", "monte_carlo_bias"),
    ("/monte_carlo?view=weights", "monte_carlo_weights"),
    ("/stuck", "stuck_density"),
    ("/stuck?view=support", "stuck_support"),
    ("/stuck?view=ways&step=3", "stuck_ways"),
    ("/lotus", "lotus_grains"),
    ("/lotus?view=bars", "lotus_bars"),
    ("/location_scale", "transform"),
    ("/families", "families_move"),
    ("/families?view=cdf", "families_cdf"),
    ("/families?view=average", "families_average"),
    ("/gradient_variance", "variance_histogram"),
    ("/gradient_variance?view=duel", "variance_duel"),
    ("/gradient_variance?view=mean", "variance_mean"),
    ("/gradient_variance?view=against", "variance_against"),
    ("/gradient_variance?view=map", "variance_map"),
    ("/gradient_variance?view=parts", "variance_parts"),
    ("/race", "race"),
    ("/inside_vae", "inside_map"),
    ("/inside_vae?view=manifold", "inside_manifold"),
    ("/inside_vae?view=path", "inside_path"),
    ("/inside_vae?view=cover", "inside_cover"),
    ("/inside_vae?view=gap", "inside_gap"),
    ("/stochastic_graphs", "graph_graph"),
    ("/stochastic_graphs?view=gradient", "graph_gradient"),
    ("/stochastic_graphs?view=ways", "graph_ways"),
    ("/stochastic_backprop", "backprop_identities"),
    ("/stochastic_backprop?view=variance", "backprop_variance"),
    ("/stochastic_backprop?view=structure", "backprop_structure"),
    ("/doubly_stochastic", "doubly_stochastic_climb"),
    ("/doubly_stochastic?view=map", "doubly_stochastic_map"),
    ("/doubly_stochastic?view=parts", "doubly_stochastic_parts"),
    ("/doubly_stochastic?view=relevance", "doubly_stochastic_relevance"),
    ("/discrete", "discrete_steps"),
    ("/discrete?view=rows", "discrete_rows"),
    ("/discrete?view=temperature", "discrete_temperature"),
    ("/discrete?view=simplex", "discrete_simplex"),
]


def sliders(live: LivePage) -> list[str]:
    """Those in sight that have more than `MANY` positions; "playback" is that of the bar."""
    found: list[str] = live.root.evaluate(
        """(root, [key, many]) => Array.from(root.querySelectorAll('input[type=range]'))
          .filter((slider) => slider.max >= many && slider.checkVisibility())
          .map((slider) => slider.id.slice(key.length + 1) || 'playback')""",
        [live.key, MANY],
    )
    return found
