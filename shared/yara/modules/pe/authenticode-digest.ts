/**
 * The digest of a PE file that Authenticode signs: all of it but the checksum, the directory's entry of certificates and the
 * certificates themselves, section by section. Read in pages, so that memory does not grow with the file. It counts the bytes it has taken, so
 * a call that ended for want of bytes goes on from there.
 * Source: "Windows Authenticode Portable Executable Signature Format" (Microsoft, 2008), "Calculating the PE Image Hash".
 */
import { MAX_VIEW_BYTES } from '../module.ts';
import type { PeImage } from './image.ts';
import { DIRECTORY, DIRECTORY_BYTES } from './layout.ts';
import { runningDigest, type DigestName } from './signature-digests.ts';

const CHECKSUM_AT = 64;
const CHECKSUM_BYTES = 4;

interface Range {
  readonly start: number;
  readonly end: number;
}

export function fileDigest(image: PeImage, name: DigestName): () => Uint8Array {
  const digest = runningDigest(name);
  const ranges = digestedRanges(image);
  let finished: Uint8Array | undefined;
  let range = 0;
  let at = ranges[0]?.start ?? 0;
  return () => {
    while (finished === undefined && range < ranges.length) {
      const { end } = ranges[range]!;
      const length = Math.min(end - at, MAX_VIEW_BYTES);
      if (length > 0) digest.update(image.object.bytes(at, length)!);
      at += length;
      if (at >= end) at = ranges[++range]?.start ?? 0;
    }
    return (finished ??= digest.finish());
  };
}

/** Headers, sections by their offsets, and as many bytes more as the file has without its certificates. The first range that does not lie in the file ends them. */
function digestedRanges(image: PeImage): Range[] {
  const { object, optionalHeaderOffset } = image;
  const directory = image.directory(DIRECTORY.security);
  if (optionalHeaderOffset === undefined || directory === undefined) return [];
  const checksum = optionalHeaderOffset + CHECKSUM_AT;
  const headers = image.optionalField('size_of_headers');
  const sections = [...image.sections()]
    .sort((a, b) => a.rawOffset - b.rawOffset)
    .map(({ rawOffset, rawSize }) => ({ start: rawOffset, end: rawOffset + rawSize }));
  const taken = sections.reduce((sum, { start, end }) => sum + end - start, headers);
  const ranges = [
    { start: 0, end: checksum },
    { start: checksum + CHECKSUM_BYTES, end: directory.at },
    { start: directory.at + DIRECTORY_BYTES, end: headers },
    ...sections,
    { start: taken, end: object.size - directory.size },
  ];
  const wrong = ranges.findIndex(({ start, end }) => start > end || end > object.size);
  return wrong < 0 ? ranges : ranges.slice(0, wrong);
}
