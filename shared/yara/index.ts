/** The engine's public surface, and the only barrel in the project. */
export { compileRules } from './compiler/compile-rules.ts';
export { compileTextRegex } from './compiler/compile-text-regex.ts';
export type { CompiledTextRegex } from './compiler/compile-text-regex.ts';
export type { CompiledRules, CompileOptions, RuleInfo, RuleSource } from './compiler/compiled-rules.ts';
export { nearest } from './compiler/suggestions.ts';
export type { Externals } from './compiler/externals.ts';
export { BundleError, decodeRules, encodeRules } from './bundle/bundle.ts';
export type { DecodeOptions } from './bundle/bundle.ts';
export { CheckpointError } from './scan/checkpoint.ts';
export { SourceError } from './scan/scan-result.ts';
export type { PatternMatch, RuleMatch, ScanOptions, ScanProfile, ScanResult } from './scan/scan-result.ts';
export { resumeScanner, scanBytes, StreamScanner } from './scan/stream-scanner.ts';
export { RuleCompileError } from './syntax/diagnostic.ts';
export type { Diagnostic, Span } from './syntax/diagnostic.ts';
export { renderDiagnostic } from './syntax/render-diagnostic.ts';
export { SourceText } from './syntax/source-text.ts';
export { ENGINE_VERSION } from './version.ts';
