/**
 * The import hash: MD5 of `library.function` for all imports in their order, in lower case and joined by commas. Libraries
 * lose the extensions named below. Source: Mandiant, "Tracking Malware with Import Hashing".
 */
import { computeOver } from '../range-computations.ts';
import type { ImportList } from './imports.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();
const EXTENSION = /\.(?:dll|sys|ocx)$/i;

export function imphash(list: ImportList): Uint8Array {
  const names = list.libraries().flatMap((library) => {
    const prefix = decoder.decode(library.name).replace(EXTENSION, '').toLowerCase();
    return library.functions.map(({ name }) => `${prefix}.${decoder.decode(name).toLowerCase()}`);
  });
  return computeOver('md5', encoder.encode(names.join(',')));
}
