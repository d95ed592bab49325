// Loaded into the server under test (NODE_OPTIONS=--require): on SIGUSR2 it writes the event-loop delay since the last
// time to the file that MODELSWARM_BENCH_LOOP names, so that the product needs no switch for it.
// CommonJS, because an ES module here would start the thread pool before the command sets its size.
const { writeFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { isMainThread } = require('node:worker_threads');

if (isMainThread) {
  // The histogram counts the timer's own period in.
  const resolution = 1;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  const milliseconds = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution);
  process.on('SIGUSR2', () => {
    const delay = {
      p50: milliseconds(histogram.percentile(50)),
      p99: milliseconds(histogram.percentile(99)),
      max: milliseconds(histogram.max),
    };
    writeFileSync(process.env.MODELSWARM_BENCH_LOOP, JSON.stringify(delay));
    histogram.reset();
  });
}
