// Makes the component callable from JavaScript. jco translates it here, in memory; a program
// that ships would rather do this once, when it is built: `jco transpile --instantiation sync`.

import { transpile } from '@bytecodealliance/jco-transpile';

/** Reads a component; gives a function that makes a fresh instance of it. */
export async function loadComponent(file) {
  const options = { name: 'atsync', instantiation: 'sync', nodejsCompat: false, noComponentErrorWrapping: true };
  const { files } = await transpile(file, options);
  const core = new Map();
  let script;
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith('.wasm')) core.set(name, new WebAssembly.Module(bytes));
    if (name.endsWith('.js')) script = Buffer.from(bytes).toString('base64');
  }
  const { instantiate } = await import(`data:text/javascript;base64,${script}`);
  // It imports nothing, so there is nothing to give to it.
  return () => instantiate((name) => core.get(name), {});
}
