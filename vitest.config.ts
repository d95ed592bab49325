import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Three projects: `unit` (beside the code), `e2e` (real servers on loopback), `interop` (other people's clients, and real browsers).
const resolve = { conditions: ['modelswarm-source', 'node', 'import', 'module', 'default'] };
const ssr = { resolve: { conditions: ['modelswarm-source', 'node', 'import', 'module', 'default'] } };
// Tests that start programs mostly wait for them: two files at a time take 513 seconds instead of 786 on two cores.
const inPairs = { maxWorkers: 2, sequence: { groupOrder: 1 } };
const long = process.env.MODELSWARM_TEST_LONG === '1';

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/package/**/*.test.ts'],
          setupFiles: ['test/support/long-fuzz.ts'],
          testTimeout: long ? 600_000 : 20_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', ...(long ? ['test/long/**/*.test.ts'] : [])],
          testTimeout: long ? 900_000 : 60_000,
          hookTimeout: 60_000,
          ...inPairs,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts', 'test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...inPairs,
        },
      },
    ],
  },
});

export default config;
