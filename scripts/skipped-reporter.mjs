/** A vitest reporter that lists skipped tests by their reason, so that a green run does not hide what it left out. */
export default class SkippedReporter {
  onTestRunEnd(modules) {
    const byReason = new Map();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        // Tests that a `-t` pattern left out have no reason of their own.
        const reason = test.result().note ?? 'no reason given (`-t`, or test.skip)';
        byReason.set(reason, [...(byReason.get(reason) ?? []), `${module.relativeModuleId}: ${test.fullName}`]);
      }
    }
    for (const [reason, tests] of byReason) {
      console.log(`\nskipped: ${reason}`);
      const shown = tests.slice(0, 20);
      for (const test of shown) console.log(`  ${test}`);
      if (tests.length > shown.length) console.log(`  and ${tests.length - shown.length} more`);
    }
  }
}
