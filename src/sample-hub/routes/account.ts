import { refuseBytes } from '../access.ts';
import { type Answer, jsonAnswer, refusalAnswer, textAnswer } from '../answer.ts';
import type { HubRequest, RepoRequest } from '../hub-state.ts';

/** `GET /api/whoami-v2`. */
export function answerWhoami({ account }: HubRequest): Answer {
  if (!account) return refusalAnswer({ status: 401, message: 'Invalid username or password.' }, 'json');
  return jsonAnswer(200, {
    type: 'user',
    id: Buffer.from(account.user).toString('hex').padEnd(24, '0').slice(0, 24),
    name: account.user,
    fullname: account.user,
    email: `${account.user}@sample.invalid`,
    emailVerified: true,
    isPro: false,
    canPay: false,
    periodEnd: null,
    avatarUrl: '/avatars/sample.svg',
    orgs: [],
    auth: {
      type: 'access_token',
      accessToken: { displayName: 'sample', role: account.role ?? 'read', createdAt: '2024-01-01T00:00:00.000Z' },
    },
  });
}

/** `GET /api/{type}/{repo}/auth-check`: may the caller read the bytes? */
export function answerAuthCheck({ hub, account, repo }: RepoRequest): Answer {
  const refused = refuseBytes(hub.accounts, account, repo, hub.url);
  return refused ? refusalAnswer(refused, 'json') : textAnswer(200, 'OK');
}
