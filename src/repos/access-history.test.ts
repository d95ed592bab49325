import fc from 'fast-check';
import { expect, test } from 'vitest';
import { model, openReposFixture, type ReposFixture } from '../../test/support/repos-fixture.ts';
import type { Caller, Grant } from '../contracts/access.ts';

const TOKEN = 'hf_reader';
const PATHS = ['plain.txt', 'lfs.bin'];

/** What happens to one repo, in any order: it changes, the Hub fails, time passes, somebody asks. */
type Step =
  | { readonly do: 'open' | 'gate' | 'hide' | 'disable' | 'let in' | 'shut out' | 'break' | 'repair' | 'commit' }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'ask'; readonly token: boolean; readonly path: number; readonly byCommit: boolean };

const change = fc.record({
  do: fc.constantFrom('open', 'gate', 'hide', 'disable', 'let in', 'shut out', 'break', 'repair', 'commit'),
});
const wait = fc.record({ do: fc.constant('wait'), seconds: fc.constantFrom(1, 59, 61, 299, 301, 601, 90_000) });
const ask = fc.record({
  do: fc.constant('ask'),
  token: fc.boolean(),
  path: fc.nat(PATHS.length - 1),
  byCommit: fc.boolean(),
});
const step = fc.oneof(
  { weight: 2, arbitrary: change },
  { weight: 3, arbitrary: wait },
  { weight: 6, arbitrary: ask },
) as fc.Arbitrary<Step>;
const beginning: fc.Arbitrary<Step[]> = fc.constantFrom(
  [],
  [{ do: 'gate' }, { do: 'let in' }],
  [{ do: 'hide' }, { do: 'let in' }],
);
const history = fc
  .tuple(beginning, fc.array(step, { minLength: 5, maxLength: 40 }))
  .map(([first, then]) => [...first, ...then]);

/** Who could read the bytes at the Hub, from when on (milliseconds). */
interface Era {
  readonly from: number;
  readonly isPublic: boolean;
  readonly byToken: boolean;
}

test('whatever happens to a repo, nobody is granted what the Hub did not allow him within the times that are promised', async () => {
  await using node = await openReposFixture({ repos: [], accounts: [{ token: TOKEN, user: 'reader' }] });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(history, (steps) => {
      runs += 1;
      return play(node, `org/model-${runs}`, steps);
    }),
    { numRuns: 200 },
  );
}, 120_000);

async function play(node: ReposFixture, name: string, steps: readonly Step[]): Promise<void> {
  const { hub, clock } = node;
  hub.addRepo({ name, files: { 'plain.txt': 'x', 'lfs.bin': 'y' } });
  const state = { private: false, gated: false as false | 'manual', disabled: false, letIn: false };
  const eras: Era[] = [];
  let repair = (): void => {};
  let isBroken = false;
  let repairedAt = 0;
  let commits = 0;

  const noteEra = () => {
    const open = !state.private && state.gated === false;
    const isPublic = open && !state.disabled;
    eras.push({ from: clock.now(), isPublic, byToken: !state.disabled && (open || state.letIn) });
  };
  /** Was it so at any time in the last so many seconds? */
  const wasSo = (holds: (era: Era) => boolean, seconds: number) =>
    eras.some(
      (era, i) => holds(era) && (eras[i + 1]?.from ?? Number.POSITIVE_INFINITY) >= clock.now() - seconds * 1000 - 50,
    );

  function judge(grant: Grant | undefined, caller: Caller): void {
    const allowedNow = caller.token === undefined ? eras.at(-1)?.isPublic : eras.at(-1)?.byToken;
    if (grant === undefined) {
      // An answer may be half a minute old, and after an outage the Hub is left alone for some seconds.
      const changedLately = (eras.at(-1)?.from ?? 0) > clock.now() - 35_000;
      expect(allowedNow && !isBroken && !changedLately, 'refused, although the Hub allows it').toBe(false);
      return;
    }
    if (grant.stale)
      expect(isBroken || repairedAt > clock.now() - 10_000, 'stale, although the Hub answers').toBe(true);
    if (grant.access === 'public') {
      expect(wasSo((era) => era.isPublic, grant.stale ? 86_400 : 600)).toBe(true);
      expect(grant.token).toBeUndefined();
    } else if (grant.token !== undefined) {
      expect(grant.token).toBe(caller.token);
      expect(grant.stale).toBe(false);
      expect(wasSo((era) => era.byToken, 300)).toBe(true);
    } else expect(wasSo((era) => era.isPublic, 300)).toBe(true);
  }

  noteEra();
  for (const step of steps) {
    switch (step.do) {
      case 'wait':
        clock.advance(step.seconds);
        break;
      case 'ask': {
        const caller = { client: name, ...(step.token ? { token: TOKEN } : {}) };
        const path = PATHS[step.path] ?? '';
        const revision = step.byCommit ? hub.commit(name) : 'main';
        judge(await node.repos.entry(caller, model(name), revision, path).catch(() => undefined), caller);
        break;
      }
      case 'break':
        repair();
        repair = hub.setFault({ repo: name }, { status: 503 });
        isBroken = true;
        break;
      case 'repair':
        repair();
        isBroken = false;
        repairedAt = clock.now();
        break;
      case 'commit':
        commits += 1;
        hub.push(name, { files: { 'plain.txt': `${commits}` } });
        break;
      case 'let in':
      case 'shut out':
        state.letIn = step.do === 'let in';
        if (state.letIn) hub.accounts.grant(TOKEN, name);
        else hub.accounts.ungrant(TOKEN, name);
        noteEra();
        break;
      default:
        state.private = step.do === 'hide';
        state.gated = step.do === 'gate' ? 'manual' : false;
        state.disabled = step.do === 'disable';
        hub.updateRepo(name, { private: state.private, gated: state.gated, disabled: state.disabled });
        noteEra();
    }
  }
  repair();
}
