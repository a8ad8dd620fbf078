import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** One project per kind of test, so that a person can run one: `npx vitest run --config test/vitest.config.ts --project unit`. */
const kinds = ['unit', 'conformance', 'property', 'differential', 'azure', 'content'] as const;

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    reporters: ['default'],
    // node:sqlite, used by the local stack, announces itself on every start.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    projects: kinds.map((name) => ({
      extends: true as const,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: name === 'unit' ? 10_000 : 60_000,
        hookTimeout: 60_000,
      },
    })),
  },
});
