import fc from 'fast-check';

// `npm run test:long`: every fuzz test runs a hundred times as many cases as in `npm test`.
if (process.env.MODELSWARM_TEST_LONG === '1') fc.configureGlobal({ numRuns: 10_000 });
