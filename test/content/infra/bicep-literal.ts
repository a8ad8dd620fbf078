/** A JSON value as a Bicep literal, so that a body which Bicep would only load can be checked against its type. */
export function bicepLiteral(value: unknown): string {
  if (typeof value === 'string') return `'${escapeText(value)}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return `[\n${value.map((item) => `${bicepLiteral(item)}\n`).join('')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value as Record<string, unknown>);
    return `{\n${entries.map(([key, item]) => `'${escapeText(key)}': ${bicepLiteral(item)}\n`).join('')}}`;
  }
  throw new TypeError(`not a JSON value: ${typeof value}`);
}

function escapeText(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll('${', '\\${');
}
