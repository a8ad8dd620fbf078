/** Parses a text and hands back the tree with what was reported. */
import { Diagnostics } from '../../../../../shared/yara/syntax/diagnostics.ts';
import type { SourceAst } from '../../../../../shared/yara/syntax/ast.ts';
import { parseSource } from '../../../../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../../../../shared/yara/syntax/source-text.ts';

export interface Parsed {
  readonly ast: SourceAst;
  readonly diagnostics: Diagnostics;
  /** In the order of reporting, errors first. */
  readonly codes: readonly string[];
}

export function parseText(text: string | Uint8Array, name?: string): Parsed {
  const diagnostics = new Diagnostics();
  const ast = parseSource(new SourceText(text, name), diagnostics);
  return { ast, diagnostics, codes: diagnostics.all.map((diagnostic) => diagnostic.code) };
}
