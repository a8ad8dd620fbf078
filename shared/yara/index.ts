/** The engine's public surface, and the only barrel in the project. */
export type { CompiledRules, CompileOptions, RuleInfo, RuleSource } from './compiler/compiled-rules.ts';
export type { Externals } from './compiler/externals.ts';
export type { PatternMatch, RuleMatch, ScanOptions, ScanResult } from './scan/scan-result.ts';
export { SourceError } from './scan/scan-result.ts';
export { RuleCompileError } from './syntax/diagnostic.ts';
export type { Diagnostic } from './syntax/diagnostic.ts';
