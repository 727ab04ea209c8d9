// The header that proves who we are, by what the manifest says and the operator's secrets.

const GRANT_MS_MAX = 30_000;

/** One service's credential. The secrets never leave this object but in a header. */
export class Credential {
  #auth;
  #given;
  #token;

  /** `given` holds `url`, maybe `token_url`, and the secrets of one of the service's ways. */
  constructor(service, given) {
    const ways = service.auth.filter(({ val }) => val.secrets.every((key) => given[key] !== undefined));
    if (!ways.length) throw new Error(`The service ${service.name} needs a credential: ${service.summary}`);
    this.#auth = ways[0];
    this.#given = given;
    /** Name of the header, in lower case. */
    this.header = this.#auth.val.header.name.toLowerCase();
    /** Whether another token can be had when this one is refused. */
    this.renewable = this.#auth.tag === 'grant';
  }

  /** The header as name and value; `renew` where the last token was refused. */
  async value(renew = false) {
    const { tag, val: auth } = this.#auth;
    if (tag === 'fixed') return [this.header, fill(auth.header.form, this.#given)];
    if (renew || !(this.#token?.endsAt > Date.now())) this.#token = await this.#grant(auth);
    return [this.header, fill(auth.header.form, { access_token: this.#token.text })];
  }

  async #grant(auth) {
    const { url, token_url } = this.#given;
    const address = token_url ?? (auth.tokenUrl.startsWith('/') ? url + auth.tokenUrl : auth.tokenUrl);
    const fields = auth.fields.map(([name, form]) => [name, fill(form, this.#given)]);
    const signal = AbortSignal.timeout(GRANT_MS_MAX);
    const response = await fetch(address, { method: 'POST', signal, ...encoded(auth.encoding, fields) });
    if (!response.ok) {
      const { status } = response;
      const lasting = status >= 400 && status < 500 && status !== 408 && status !== 429;
      throw Object.assign(new Error(`no token: status ${status}`), { refused: lasting });
    }
    const answer = await response.json();
    const lifetimeS = answer[auth.lifetimeField] ?? Infinity;
    // Renewed in the last tenth of its life, before the service refuses it.
    return { text: answer[auth.tokenField], endsAt: Date.now() + lifetimeS * 900 };
  }
}

function encoded(encoding, fields) {
  if (encoding === 'json') {
    const body = JSON.stringify(Object.fromEntries(fields));
    return { headers: { 'content-type': 'application/json' }, body };
  }
  const body = encoding === 'multipart' ? new FormData() : new URLSearchParams();
  for (const [name, value] of fields) body.append(name, value);
  return { body };
}

/** `Bearer {key}`, `OAuth2 {base64:key}`. */
function fill(form, secrets) {
  return form.replace(/\{(base64:)?(\w+)\}/g, (_, base64, key) =>
    base64 ? Buffer.from(secrets[key]).toString('base64') : secrets[key],
  );
}
