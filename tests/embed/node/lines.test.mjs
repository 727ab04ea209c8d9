// `read-lines` against servers that know ranges and servers that do not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { readLines } from './lines.mjs';

const text = ['{"id":1}', '{"id":22}', '{"place":"Orléans"}', '{"id":4}'].join('\n');
const servers = [];

/** The address of `text` on a server of its own. */
async function served({ ranges }) {
  const server = createServer((request, response) => {
    const file = Buffer.from(text);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range);
    if (!ranges) return response.end(file);
    const part = file.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${file.length}`;
    response.writeHead(206, { 'content-range': range }).end(part);
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/`;
}

after(() => servers.forEach((server) => server.close()));

for (const ranges of [true, false]) {
  const kind = ranges ? 'a server that knows ranges' : 'a server that ignores ranges';

  test(`${kind} gives whole lines, piece by piece`, async () => {
    const url = await served({ ranges });
    const pieces = [];
    for (let offset = 0n; offset !== undefined; ) {
      const { val } = await readLines({ url, offset, maxBytes: 24 });
      pieces.push(val.text);
      offset = val.nextOffset;
    }
    assert.equal(pieces.join(''), text);
    assert.ok(pieces.length > 1);
    for (const piece of pieces.slice(0, -1)) assert.ok(piece.endsWith('\n'));
  });

  test(`a line that is longer than a piece is too large, from ${kind}`, async () => {
    const url = await served({ ranges });
    const answer = await readLines({ url, offset: 0n, maxBytes: 5 });
    assert.equal(answer.val.tag, 'too-large');
  });
}

test('a server that is not there is unreachable', async () => {
  const answer = await readLines({ url: 'http://127.0.0.1:1/', offset: 0n, maxBytes: 24 });
  assert.equal(answer.val.tag, 'unreachable');
});
