/**
 * A vitest reporter that lists skipped tests by their reason, so that a green run does not hide what it left out. The
 * reason is the test's own note (`skip(condition, 'why')`), else what its file printed (`skipped: why`).
 */
export default class SkippedReporter {
  #printed = new Map();

  onUserConsoleLog({ taskId, content }) {
    const reason = /^skipped: (.+)$/m.exec(content)?.[1];
    if (reason) this.#printed.set(taskId, reason);
  }

  onTestRunEnd(modules) {
    const byReason = new Map();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const reason = test.result().note ?? this.#printed.get(module.id) ?? 'left out by `-t`, or no reason given';
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
