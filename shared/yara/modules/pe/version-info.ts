/**
 * The texts of version resources, such as `CompanyName`: key and value, in the order of the file.
 *
 * ```
 * node   0 length of all of it · 2 length of the value · 4 type · 6 key, UTF-16LE up to a zero; then value and children,
 *        each part from a multiple of four on
 *   VS_VERSION_INFO (value of 52 bytes)
 *     VarFileInfo, StringFileInfo (either may lack, in this order or the other)
 *       table per language
 *         key and value
 * ```
 * The length of a value is so often wrong that a text goes up to its zero instead. A `StringFileInfo` counts where it has a
 * table, a table where it has a text; what stands behind a damaged node is not looked at.
 * Source: Windows API, "VS_VERSIONINFO structure".
 */
import type { DictionaryValue, ModuleValue } from '../module.ts';
import { arrayOfItems, structureOf } from '../structure-value.ts';
import type { PeImage } from './image.ts';
import { idOf, type ResourceList } from './resources.ts';
import { isSameText } from './texts.ts';

export interface VersionText {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const TYPE_VERSION = 16;
const FIXED_BYTES = 52;
/** Of version resources in all; a file with more has no known texts. */
const MAX_VERSION_BYTES = 1 << 24;

export class VersionInfo {
  readonly #image: PeImage;
  readonly #resources: ResourceList;
  readonly #texts: VersionText[] = [];
  #next = 0;
  #bytes = 0;

  constructor(image: PeImage, resources: ResourceList) {
    this.#image = image;
    this.#resources = resources;
  }

  texts(): readonly VersionText[] {
    const resources = this.#resources.resources();
    for (; this.#next < resources.length; this.#next++) {
      const { type, rva } = resources[this.#next]!;
      if (idOf(type) !== TYPE_VERSION) continue;
      const bytes = this.#nodeAt(this.#image.rvaToOffset(rva));
      if (bytes === undefined) continue;
      this.#bytes += bytes.length;
      for (const text of textsOfVersion(bytes)) this.#texts.push(text);
    }
    return this.#texts;
  }

  values(): ModuleValue {
    return arrayOfItems(this.texts(), ({ key, value }) => structureOf({ key: () => key, value: () => value }));
  }

  /** Of texts with one key the last one counts. */
  byKey(): DictionaryValue {
    const texts = [...new Map(this.texts().map((text) => [decoder.decode(text.key), text])).values()];
    return {
      length: texts.length,
      key: (index) => texts[index]!.key,
      value: (index) => texts[index]!.value,
      get: (key) => texts.find((text) => key instanceof Uint8Array && isSameText(text.key, key))?.value,
    };
  }

  #nodeAt(offset: number | undefined): Uint8Array | undefined {
    const { object } = this.#image;
    const length = offset === undefined ? undefined : object.unsigned(offset, 2);
    if (length === undefined) return undefined;
    if (this.#bytes + length > MAX_VERSION_BYTES) return object.refuse('limit:peVersionInfo');
    return object.bytes(offset!, multipleOfFour(length));
  }
}

function textsOfVersion(bytes: Uint8Array): readonly VersionText[] {
  const root = nodeAt(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (root?.key !== 'VS_VERSION_INFO') return [];
  const hasFixed = root.valueLength > 0 && root.body.byteLength >= FIXED_BYTES;
  const children = hasFixed ? from(root.body, FIXED_BYTES) : root.body;
  const first = nodeAt(children, 0);
  const strings = first?.key === 'VarFileInfo' ? nodeAt(children, first.length) : first;
  if (strings?.key !== 'StringFileInfo') return [];
  return nodesIn(strings.body, tableOf).flat();
}

/** Undefined where the table has no text. */
function tableOf({ body }: Node): readonly VersionText[] | undefined {
  const texts = nodesIn(body, textOf);
  return texts.length === 0 ? undefined : texts;
}

function textOf({ key, valueLength, body }: Node): VersionText {
  const value = valueLength > 0 ? (textAt(body, 0)?.text ?? '') : '';
  return { key: encoder.encode(key), value: encoder.encode(value) };
}

interface Node {
  /** With what fills it up to a multiple of four. */
  readonly length: number;
  readonly valueLength: number;
  readonly key: string;
  /** Value and children. */
  readonly body: DataView;
}

/** What `read` makes of one node behind the other, up to the first that is damaged or of which it makes nothing. */
function nodesIn<Result>(view: DataView, read: (node: Node) => Result | undefined): Result[] {
  const results: Result[] = [];
  for (let at = 0; ;) {
    const node = nodeAt(view, at);
    const result = node && read(node);
    if (result === undefined) return results;
    results.push(result);
    at += node!.length;
  }
}

const KEY_AT = 6;

function nodeAt(view: DataView, at: number): Node | undefined {
  if (at + 2 > view.byteLength) return undefined;
  const length = multipleOfFour(view.getUint16(at, true));
  if (length < KEY_AT || at + length > view.byteLength) return undefined;
  const node = from(view, at, length);
  const key = textAt(node, KEY_AT);
  if (key === undefined) return undefined;
  return {
    length,
    valueLength: node.getUint16(2, true),
    key: key.text,
    body: from(node, multipleOfFour(key.end)),
  };
}

/** Up to a zero, which belongs to it, or the end. Undefined where a single byte is left over. */
function textAt(view: DataView, at: number): { readonly text: string; readonly end: number } | undefined {
  const units: number[] = [];
  for (let end = at; ; end += 2) {
    const left = view.byteLength - end;
    if (left === 1) return undefined;
    const unit = left === 0 ? 0 : view.getUint16(end, true);
    if (unit === 0) return { text: textOfUnits(units), end: left === 0 ? end : end + 2 };
    units.push(unit);
  }
}

const UNITS_AT_ONCE = 4096;

function textOfUnits(units: readonly number[]): string {
  let text = '';
  for (let at = 0; at < units.length; at += UNITS_AT_ONCE) {
    text += String.fromCharCode(...units.slice(at, at + UNITS_AT_ONCE));
  }
  return text;
}

function from(view: DataView, at: number, length = view.byteLength - at): DataView {
  return new DataView(view.buffer, view.byteOffset + at, length);
}

function multipleOfFour(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/** Halves of pairs that stand alone become U+FFFD. */
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
