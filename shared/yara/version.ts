/**
 * The versions that stand in bundles, checkpoints and rows. `ENGINE_VERSION` changes whenever the same rules and bytes could
 * give another answer; `FORMAT_VERSION` whenever a bundle or a checkpoint of an older engine can no longer be read.
 */
export const ENGINE_VERSION = '0.1.0';
export const FORMAT_VERSION = 7;
