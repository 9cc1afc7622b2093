"""Trainings in the background: a line, a bounded number of workers, and tokens to find a run by.

A token belongs to whoever asked for the run: its holder can watch, pause, change, stop and resume
it; nobody else can. Whoever asks for the very configuration and seed of a training that is under
way, or finished, shares it with a token of their own: it is done once and serves them all. Who then
wants something else from it (other settings, a pause, a stop) parts from the others, who notice
nothing. A training ends when nobody watches it any more.

Several servers may share a folder and a database: a token works at each of them. A training is in
the memory of one server; the others look at it through the database, and take it over where its
holder acts on it there, or where its server is gone.

All methods of `Jobs` may be called from any thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from vae_core.runs.archive import Archive
from vae_core.runs.bounds import FULL, Bounds, JobsError
from vae_core.runs.disk.folder import hashed
from vae_core.runs.servers.beat import Beat
from vae_core.runs.servers.elsewhere import Away
from vae_core.runs.servers.reach import Reach
from vae_core.runs.servers.store import Store
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.standing import SERVER_STOPPED, RunView, Standing
from vae_core.runs.work.cluster.cluster import Cluster
from vae_core.runs.work.line import Line
from vae_core.runs.work.live import default_workers
from vae_core.runs.work.pool import Pool
from vae_core.runs.work.trainer import Execute, Trainer
from vae_core.runs.work.workers import GONE, TOO_LONG, Workers, in_thread
from vae_core.training.config import Settings, TrainConfig

__all__ = ["GONE", "SERVER_STOPPED", "TOO_LONG", "Bounds", "Jobs", "JobsError"]

NO_RUN = "There is no such run any more. Start a new one."


class Jobs:
    """The trainings of one server.

    Args:
        workers: trainings that run at once; what the bounds say when None.
        folder: where runs are kept beyond the server's life; nowhere when None.
        database: where their records are, if not in the folder; see `database.address_of`.
        trainer: makes a run's reports; a pool of worker processes when None.
        execute: runs what waits for a trainer in the background.
        bounds: what is allowed.
        clock: seconds, for the grace period.
        cluster: trains in place of worker processes here, as many runs at once as have room there.

    Attributes:
        archive: the runs themselves, and where they are kept.
    """

    def __init__(
        self,
        workers: int | None = None,
        folder: Path | None = None,
        trainer: Trainer | None = None,
        execute: Execute = in_thread,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        database: URL | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._pool = cluster or Pool(workers or self._bounds.workers or default_workers())
        self._line: Line[SharedRun] = Line(self._pool.most)
        self._store = Store(folder, self._bounds, database) if folder else None
        self.archive = Archive(self._store, self._bounds, self._line.place, clock)
        self._reach = Reach(self.archive, self._store)
        trainer = trainer or self._pool
        self._workers = Workers(self._line, self.archive, self._bounds, trainer, execute)
        self._changed = self.archive.lock
        self._beat = Beat(self._store, self.archive, self._workers) if self._store else None
        self._pool.open(self._workers.make_room)

    def start(self, config: TrainConfig, visitor: str) -> str:
        """Put a new run in line, or join one that does the same, and return its token.

        Raises:
            JobsError: the visitor has an active run, the line is full, or the run is too large.
        """
        return self.start_many([config], visitor)[0]

    def start_many(self, configs: Sequence[TrainConfig], visitor: str) -> list[str]:
        """`start` for several runs of one visitor: all of them or none. One runs at a time.

        Raises:
            JobsError: as `start`, or there are more than one visitor may have.
        """
        self._bounds.check_compared(len(configs))
        for config in configs:
            self._bounds.check(config)
        elsewhere = self._reach.active_of(visitor)
        with self._reach.joined(configs, visitor) as joined, self._workers.locked():
            self._bounds.check_second(self.archive.active_of(visitor) + elsewhere)
            wanted = [c for c, away in zip(configs, joined, strict=True) if away is None]
            self._refuse_full(len({c for c in wanted if self.archive.like(c) is None}))
            pairs = zip(configs, joined, strict=True)
            return [away.token if away else self._join(config, visitor) for config, away in pairs]

    def _join(self, config: TrainConfig, visitor: str) -> str:
        present = self.archive.like(config)
        run = present or SharedRun(Standing(config, config.settings))
        token = self.archive.watch(run, visitor)
        self.archive.write_later(run)
        if present is None:
            self._workers.stand(run)
        else:
            self._workers.dispatch()
        return token

    def look(self, token: str) -> RunView | None:
        """How the run stands; None when there is none, or none any more.

        Looking tells that somebody still cares, and starts the grace period of all runs of this
        visitor anew.

        Raises:
            JobsError: nobody can tell at the moment.
        """
        while (found := self._reach.find(token, recent=True)) is not None:
            if isinstance(found, Away):
                return self._reach.view(found)
            with self._workers.locked():
                run = self.archive.present(token)
                if run is not None:
                    self.archive.see(run.watchers[hashed(token)])
                    self._changed.notify_all()
                    return self._view(token, run)
        return None

    def why_gone(self, token: str) -> str:
        """Why a token leads to no run, in one or two sentences."""
        return self._reach.why_gone(token)

    def visitor_of(self, token: str) -> str | None:
        """Who started the run: whoever comes back with its token is that visitor again."""
        return self._reach.visitor_of(token)

    def pause(self, token: str) -> None:
        """Hold the run after its present step; its worker is free for others meanwhile."""
        with self._held(token, parts=True) as run:
            if run.standing.state in ("queued", "running"):
                self._workers.pause(self._own(token, run))

    def resume(self, token: str, settings: Settings | None = None) -> None:
        """Go on with a paused run, or with one that ended early from its last snapshot.

        One that ended early goes on for all who share it, unless with other settings than theirs.
        It waits until the visitor's other runs, of a comparison say, leave a worker to it.

        Raises:
            JobsError: the visitor has too many active runs, the line is full, K is too large, or
                the run cannot take such settings; it then stands as it stood.
        """
        elsewhere = self._reach.active_of(self.visitor_of(token))
        with self._held(token) as run:
            now = run.standing
            settings = settings or now.settings
            self._bounds.check_settings(now.config, settings)
            rests = now.state == "paused" and not self._line.works(run)
            if now.resumable:
                active = self.archive.active_of(run.watchers[hashed(token)])
                self._bounds.check_together(active + elsewhere)
            if now.resumable or rests:
                self._refuse_full()
            own = run if settings == now.settings else self._own(token, run)
            own.use(settings)
            if now.resumable or rests:
                self.archive.write_later(own)
                self._workers.stand(own)
            elif now.state == "paused":
                own.work()

    def change(self, token: str, settings: Settings) -> None:
        """Use other settings from the next step on.

        Raises:
            JobsError: K is too large, the run cannot take such settings, or it is shared and the
                line is full; it then goes on as it was.
        """
        view = self.look(token)
        if view is not None and view.settings == settings:
            return
        with self._held(token, parts=True) as run:
            if settings == run.standing.settings:
                return
            self._bounds.check_settings(run.standing.config, settings)
            if len(run.watchers) > 1 and run.active:
                self._refuse_full()
            own = self._own(token, run)
            own.use(settings)
            if own is not run and own.active:
                self._workers.stand(own)

    def stop(self, token: str) -> None:
        """End the run after its present step and keep what it has reached."""
        with self._held(token, parts=True) as run:
            if run.active:
                self._workers.end(self._own(token, run), "stopped")

    def discard(self, token: str) -> None:
        """Forget the run, files included; it ends if nobody else watches it."""
        found = self._reach.find(token)
        if isinstance(found, Away):
            self._reach.leave(found)
            return
        with self._held(token) as run:
            if self.archive.leave(token, run):
                self._workers.end(run, "stopped")
            else:
                self.archive.write_later(run)
        self.archive.make_up()

    def shutdown(self, timeout: float = 20.0) -> None:
        """End all runs at a snapshot, from which the next server can go on."""
        with self._changed:
            self._workers.close(timeout)
        self._pool.close()
        if self._beat:
            self._beat.stop()

    def warm_up(self) -> None:
        """Have worker processes ready before anybody asks for a training."""
        self._pool.get_ready()

    def wait_for(
        self, token: str, condition: Callable[[RunView], bool], timeout: float = 30.0
    ) -> RunView:
        """Wait until the run stands as asked for. Raises TimeoutError when it does not."""
        until = time.monotonic() + timeout
        found = self._reach.wait_for(token, condition, until)
        if found is None:
            raise JobsError(NO_RUN)
        if isinstance(found, RunView):
            return found

        def now() -> RunView:
            return self._view(token, self.archive.present(token) or found)

        with self._changed:
            if not self._changed.wait_for(lambda: condition(now()), until - time.monotonic()):
                raise TimeoutError(f"The run is still {now().state} at {now().fraction:.0%}.")
            return now()

    # With the lock held.
    def _view(self, token: str, run: SharedRun) -> RunView:
        return RunView.of(run.standing, token, self._line.place(run), len(run.visitors))

    def _own(self, token: str, run: SharedRun) -> SharedRun:
        """The run itself where nobody else watches it, else one for this watcher alone."""
        if len(run.watchers) == 1:
            return run
        own = run.part(hashed(token))
        self.archive.add(own)
        self.archive.write_later(own)
        self.archive.write_later(run)
        return own

    def _refuse_full(self, more: int = 1) -> None:
        if self._workers.closed:
            raise JobsError(FULL)
        self._bounds.check_line(len(self._line), more)

    @contextmanager
    def _held(self, token: str, *, parts: bool = False) -> Iterator[SharedRun]:
        """The run, with the lock held; its visitor is seen to be there.

        Another server's is fetched; where others watch it too, what `parts` makes one of their own.
        """
        while self._reach.fetch(token, parts=parts) is not None:
            with self._workers.locked():
                run = self.archive.present(token)
                if run is not None and not run.leaving:
                    self.archive.see(run.watchers[hashed(token)])
                    try:
                        yield run
                    finally:
                        self.archive.awaited.discard(run.run_id)
                        self._workers.settle(run)
                    self._changed.notify_all()
                    return
        raise JobsError(NO_RUN)
