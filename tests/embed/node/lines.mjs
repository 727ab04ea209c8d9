// `read-lines`: a piece of a remote file of lines, cut at a line end.

import { failed, failure, firstBytes } from './answers.mjs';

const PIECE_MS_MAX = 60_000;
const PIECE_BYTES_MAX = 8 * 2 ** 20;

/** Asks for the piece by an HTTP range, without any credential. */
export async function readLines({ url, offset, maxBytes }) {
  if (maxBytes < 1 || maxBytes > PIECE_BYTES_MAX) return failed('refused', `a piece of ${maxBytes} bytes`);
  const first = Number(offset);
  const headers = { range: `bytes=${first}-${first + maxBytes - 1}`, 'accept-encoding': 'identity' };
  try {
    const signal = AbortSignal.timeout(PIECE_MS_MAX);
    const response = await fetch(url, { headers, redirect: 'error', signal });
    const { bytes, more } = await piece(response, first, maxBytes);
    return cut(bytes, more, first, maxBytes);
  } catch (error) {
    return failure(error);
  }
}

/** The bytes from `first` on, and whether others follow. */
async function piece(response, first, maxBytes) {
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  const total = Number(range?.[2]);
  switch (response.status) {
    case 206: {
      if (Number(range?.[1]) !== first) throw new Error('the server sent another part of the file');
      const bytes = await firstBytes(response, maxBytes);
      return { bytes, more: first + bytes.length < total };
    }
    case 200: {
      // The server ignores ranges. Reading from the beginning for each piece is slow for a
      // large file; a host for large shops keeps the answer open, as atsync's own does.
      const whole = await firstBytes(response, first + maxBytes + 1);
      return { bytes: whole.subarray(first, first + maxBytes), more: whole.length > first + maxBytes };
    }
    case 416:
      if (total === first) return { bytes: Buffer.alloc(0), more: false };
  }
  throw new Error(`the server of the file answered with status ${response.status}`);
}

function cut(bytes, more, first, maxBytes) {
  const end = more ? bytes.lastIndexOf(10) + 1 : bytes.length;
  if (more && end === 0) {
    return bytes.length < maxBytes ? failed('unreachable', 'a part without a line end') : failed('too-large');
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end));
    return { tag: 'lines', val: { text, nextOffset: more ? BigInt(first + end) : undefined } };
  } catch {
    return failed('refused', 'the file is not UTF-8');
  }
}
