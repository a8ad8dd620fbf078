/** The engine's public surface, and the only barrel in the project. */
export { compileRules } from './compiler/compile-rules.ts';
export type { CompiledRules, CompileOptions, RuleInfo, RuleSource } from './compiler/compiled-rules.ts';
export type { Externals } from './compiler/externals.ts';
export { BundleError, decodeRules, encodeRules } from './bundle/bundle.ts';
export { CheckpointError } from './scan/checkpoint.ts';
export { SourceError } from './scan/scan-result.ts';
export type { PatternMatch, RuleMatch, ScanOptions, ScanResult } from './scan/scan-result.ts';
export { resumeScanner, scanBytes, StreamScanner } from './scan/stream-scanner.ts';
export { RuleCompileError } from './syntax/diagnostic.ts';
export type { Diagnostic } from './syntax/diagnostic.ts';
export { ENGINE_VERSION } from './version.ts';
