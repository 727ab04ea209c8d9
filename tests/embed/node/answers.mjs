// How effects fail, and how much of an answer is read.

/** An answer that says why there is none. */
export function failed(tag, val) {
  return { tag: 'failed', val: { tag, val } };
}

/** The same from what an exchange threw. */
export function failure(error) {
  if (error.name === 'TimeoutError') return failed('timed-out');
  if (error.refused) return failed('refused', error.message);
  return failed('unreachable', error.cause?.message || error.message);
}

/** The body as text, with U+FFFD for what is not UTF-8; undefined if it has more than `max` bytes. */
export async function boundedBody(response, max) {
  const bytes = await firstBytes(response, max + 1);
  return bytes.length > max ? undefined : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** The first `max` bytes of a body, or fewer; what comes after them is not downloaded. */
export async function firstBytes(response, max) {
  const chunks = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= max) break;
  }
  return Buffer.concat(chunks).subarray(0, max);
}
