// The frame of the manifold, as `manifold_frame` in pages/practice/inside_vae/maps.py has it; the
// quantiles of the normal distribution come from there.

import { decode, loadModel } from "../shared/network.js";

let model;
export async function prepare({ weights }) {
  model = await loadModel(weights);
}

export function frame({ u1, u2 }, { shares, quantiles }) {
  const quantile = (u) => quantiles[shares.findIndex((share) => Math.abs(share - u) < 1e-9)];
  const [z1, z2] = [quantile(u1), quantile(u2)];
  return {
    traces: { point: { x: [u1], y: [u2] }, digit: { z: decode(model, [z1, z2]) } },
    numbers: { z1, z2 },
  };
}
