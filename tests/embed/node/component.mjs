// The component, from the folder that `build.mjs` wrote.

import { readFileSync } from 'node:fs';

/**
 * A function that makes fresh instances of the component.
 * @param {URL} folder with a slash at its end
 * @returns {Promise<() => import('./generated/atsync.js').Root>}
 */
export async function load(folder) {
  const { instantiate } = await import(new URL('atsync.js', folder).href);
  const core = new WebAssembly.Module(readFileSync(new URL('atsync.core.wasm', folder)));
  // It imports nothing, so there is nothing to give to it.
  return () => instantiate(() => core, {});
}
