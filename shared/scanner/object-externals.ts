/**
 * The externals that public rule sets expect of whatever scans for them. The engine knows none of them; a program defines
 * them when it compiles rules (`defaultExternals`) and fills them for each object (`externalsOf`):
 *
 *   filename    the last part of the object's name                     `invoice.PDF`
 *   filepath    its whole place, with `/` between and in front         `/uploads/2026/invoice.PDF`
 *   extension   lower case with its dot, empty where there is none     `.pdf`
 *   filetype    what the first bytes say, in the words rules use       `PDF`, `EXE`, `ELF`; empty where they say nothing
 *   owner       the account's name on a file system; empty on object storage, which has no such thing
 *
 * A name is chosen by whoever uploads: rules that trust it can be evaded, which is those rules' business.
 */
import type { CompiledRules } from '../yara/index.ts';

/** What to compile rules with, so that they may use the externals. */
export const defaultExternals = { filename: '', filepath: '', extension: '', filetype: '', owner: '' } as const;

export type ExternalName = keyof typeof defaultExternals;
export type ObjectExternals = Readonly<Record<ExternalName, string>>;

/** How many of the first bytes `externalsOf` looks at. */
export const HEAD_BYTES = 512;

export interface ObjectPlace {
  /** Parts separated by `/` or, from a file system that uses it, `\`; one `/` is put in front where there is none. */
  readonly path: string;
  readonly owner?: string;
}

/** `head`: the object's first `HEAD_BYTES` bytes, or all where it has fewer. Never throws. */
export function externalsOf(place: ObjectPlace, head: Uint8Array): ObjectExternals {
  const filename = place.path.slice(Math.max(place.path.lastIndexOf('/'), place.path.lastIndexOf('\\')) + 1);
  return {
    filename,
    filepath: /^(\/|\\|[A-Za-z]:)/.test(place.path) ? place.path : `/${place.path}`,
    extension: extensionOf(filename),
    filetype: filetypeOf(head),
    owner: place.owner ?? '',
  };
}

/** Those of the externals that the rules were compiled with as text. The engine refuses values for any other. */
export function declaredExternals(rules: CompiledRules): readonly ExternalName[] {
  const declared = new Set(rules.externals.filter(({ type }) => type === 'text').map(({ name }) => name));
  return (Object.keys(defaultExternals) as ExternalName[]).filter((name) => declared.has(name));
}

/** Only the named ones. */
export function pickExternals(externals: ObjectExternals, names: readonly ExternalName[]): Partial<ObjectExternals> {
  return Object.fromEntries(names.map((name) => [name, externals[name]]));
}

function extensionOf(filename: string): string {
  const dot = filename.lastIndexOf('.');
  // A name that only begins with a dot, such as `.bashrc`, has no extension.
  return dot > 0 ? filename.slice(dot).toLowerCase() : '';
}

/** Word, offset, bytes in hex. The first that fits holds. */
const signatures: readonly (readonly [word: string, offset: number, hex: string])[] = [
  ['EXE', 0, '4d5a'],
  ['ELF', 0, '7f454c46'],
  ['MACHO', 0, 'feedface'],
  ['MACHO', 0, 'feedfacf'],
  ['MACHO', 0, 'cefaedfe'],
  ['MACHO', 0, 'cffaedfe'],
  ['CLASS', 0, 'cafebabe'],
  ['PDF', 0, '255044462d'],
  ['OLE', 0, 'd0cf11e0a1b11ae1'],
  ['RTF', 0, '7b5c7274'],
  ['LNK', 0, '4c0000000114020000000000c000000000000046'],
  ['CAB', 0, '4d53434600000000'],
  ['ZIP', 0, '504b0304'],
  ['ZIP', 0, '504b0506'],
  ['RAR', 0, '526172211a07'],
  ['7ZIP', 0, '377abcaf271c'],
  ['GZIP', 0, '1f8b08'],
  ['BZIP2', 0, '425a68'],
  ['XZ', 0, 'fd377a585a00'],
  ['TAR', 257, '7573746172'],
  ['GIF', 0, '474946383761'],
  ['GIF', 0, '474946383961'],
  ['JPEG', 0, 'ffd8ff'],
  ['PNG', 0, '89504e470d0a1a0a'],
  ['SQLITE', 0, '53514c69746520666f726d6174203300'],
];

function filetypeOf(head: Uint8Array): string {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, HEAD_BYTES)).toString('hex');
  return signatures.find(([, offset, hex]) => text.startsWith(hex, offset * 2))?.[0] ?? '';
}
