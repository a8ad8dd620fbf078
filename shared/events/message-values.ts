/**
 * Turns what the queue hands over into JSON values, one per event: parsed JSON as it is, text, base64 text, or bytes of
 * either; one event or an array of them. It looks at no event.
 */

/** An event is at most 1 MB, a queue message 64 KiB; both bounds leave room for a batch in a dead-letter blob. */
export const MAX_MESSAGE_IN_BYTES = 1 << 20;
export const MAX_EVENTS = 1_000;

/** What is wrong with the message as a whole, for a person. */
export interface UnreadableMessage {
  readonly fault: string;
}

/** The events of a message: at least one, at most `MAX_EVENTS`. Never throws. O(bytes). */
export function readMessageValues(message: unknown): readonly unknown[] | UnreadableMessage {
  const value = readValue(message);
  if ('fault' in value) return value;
  const events = Array.isArray(value.json) ? (value.json as unknown[]) : [value.json];
  if (events.length === 0) return { fault: 'the message is an empty array' };
  if (events.length > MAX_EVENTS)
    return { fault: `the message holds ${events.length} events, more than ${MAX_EVENTS}` };
  return events;
}

function readValue(message: unknown): { readonly json: unknown } | UnreadableMessage {
  if (message instanceof Uint8Array) {
    if (message.byteLength > MAX_MESSAGE_IN_BYTES) return tooLong(message.byteLength);
    const text = decodeUtf8(message);
    return text === undefined ? { fault: `the message is ${message.byteLength} bytes and no text` } : readText(text);
  }
  if (typeof message === 'string') {
    const length = Buffer.byteLength(message);
    return length > MAX_MESSAGE_IN_BYTES ? tooLong(length) : readText(message);
  }
  return { json: message };
}

function tooLong(length: number): UnreadableMessage {
  return { fault: `the message has ${length} bytes, more than ${MAX_MESSAGE_IN_BYTES}` };
}

function readText(text: string): { readonly json: unknown } | UnreadableMessage {
  const parsed = parseJson(text);
  if (parsed !== undefined) {
    // A producer that encodes twice makes a JSON text of the base64 text.
    return typeof parsed.json === 'string' ? (readBase64(parsed.json) ?? parsed) : parsed;
  }
  return (
    readBase64(text) ?? { fault: `the message is ${text.length} characters of text and neither JSON nor base64 of it` }
  );
}

function readBase64(text: string): { readonly json: unknown } | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return undefined;
  const decoded = decodeUtf8(Buffer.from(trimmed, 'base64'));
  return decoded === undefined ? undefined : parseJson(decoded);
}

/** Undefined for bytes that are not UTF-8; a byte order mark is dropped. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text.replace(/^\ufeff/, '')) as unknown };
  } catch {
    // Also the RangeError of a text nested deeper than the stack.
    return undefined;
  }
}
