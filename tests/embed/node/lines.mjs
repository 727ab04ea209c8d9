// `read-lines`: a piece of a remote file of lines, cut at a line end.

/** @import { Answer, LinesRequest } from './generated/interfaces/atsync-connector-reconcile.js' */
import { failed, firstBytes } from './service.mjs';

const PIECE_MS_MAX = 60_000;

/**
 * Asks for the piece by an HTTP range, without any credential. Throws the answer that says why
 * there is none.
 * @param {LinesRequest} piece
 * @returns {Promise<Answer>}
 */
export async function readLines({ url, offset, maxBytes }) {
  const headers = { range: `bytes=${offset}-${offset + BigInt(maxBytes) - 1n}`, 'accept-encoding': 'identity' };
  const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(PIECE_MS_MAX) });
  const { status } = response;
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (status === 416 && total === `${offset}`) return { tag: 'lines', val: { text: '' } };
  if (status !== 200 && !(status === 206 && first === `${offset}`)) {
    throw failed('unreachable', `the server of the file answered with status ${status}`);
  }
  // A server that ignores ranges sends what lies before, each time. That is slow for a large
  // file; a host for large shops keeps the answer open, as atsync's own does.
  const before = status === 200 ? Number(offset) : 0;
  const bytes = (await firstBytes(response, before + maxBytes + 1)).subarray(before);
  const more = bytes.length > maxBytes || offset + BigInt(bytes.length) < BigInt(total ?? 0);
  const end = more ? bytes.subarray(0, maxBytes).lastIndexOf(10) + 1 : bytes.length;
  if (more && !end) throw bytes.length < maxBytes ? failed('unreachable', 'a part without a line end') : failed('too-large');
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end));
    return { tag: 'lines', val: { text, nextOffset: more ? offset + BigInt(end) : undefined } };
  } catch {
    throw failed('refused', 'the file is not UTF-8');
  }
}
