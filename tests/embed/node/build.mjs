// `node build.mjs COMPONENT FOLDER`: the component as JavaScript, with the types of its contract.

import { transpile, writeFiles } from '@bytecodealliance/jco-transpile';

const [component, folder] = process.argv.slice(2);
const options = { name: 'atsync', instantiation: 'sync', nodejsCompat: false, noComponentErrorWrapping: true };
const { files } = await transpile(component, options);
await writeFiles(files, { baseDir: folder });
