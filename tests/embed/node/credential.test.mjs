// Credentials against a token endpoint of the test's own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, beforeEach, test } from 'node:test';
import { Credential } from './credential.mjs';

const grant = {
  tag: 'grant',
  val: {
    secrets: ['client_id', 'client_secret'],
    tokenUrl: '/oauth/token',
    encoding: 'form-urlencoded',
    fields: [['grant_type', 'client_credentials'], ['client_id', '{client_id}'], ['client_secret', '{client_secret}']],
    tokenField: 'access_token',
    lifetimeField: 'expires_in',
    header: { name: 'Authorization', form: 'Bearer {access_token}' },
  },
};
const fixed = {
  tag: 'fixed',
  val: { secrets: ['token'], header: { name: 'Authorization', form: 'OAuth2 {base64:token}' } },
};
const service = { name: 'market', summary: 'A market.', auth: [grant, fixed] };

let asked, status;
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  asked.push(`${request.url} ${body}`);
  response.writeHead(status).end(JSON.stringify({ access_token: `token ${asked.length}`, expires_in: 3600 }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());

beforeEach(() => {
  asked = [];
  status = 200;
});

const url = `http://127.0.0.1:${server.address().port}/base`;
const credential = (secrets) => new Credential(service, { url, ...secrets });

test('a fixed secret becomes a header', async () => {
  assert.deepEqual(await credential({ token: 'secret' }).value(), ['authorization', 'OAuth2 c2VjcmV0']);
});

test('a token is granted once and kept', async () => {
  const granted = credential({ client_id: 'me', client_secret: 'secret' });
  assert.deepEqual(await granted.value(), ['authorization', 'Bearer token 1']);
  assert.deepEqual(await granted.value(), ['authorization', 'Bearer token 1']);
  assert.deepEqual(asked, ['/base/oauth/token grant_type=client_credentials&client_id=me&client_secret=secret']);
});

test('a token that was refused is renewed', async () => {
  const granted = credential({ client_id: 'me', client_secret: 'secret' });
  await granted.value();
  assert.deepEqual(await granted.value(true), ['authorization', 'Bearer token 2']);
});

test('secrets that the service refuses are no matter of trying again', async () => {
  status = 403;
  const granted = credential({ client_id: 'me', client_secret: 'wrong' });
  await assert.rejects(granted.value(), { refused: true });
});

test('a service without any credential is named', () => {
  assert.throws(() => credential({ client_id: 'me' }), /The service market needs a credential/);
});
