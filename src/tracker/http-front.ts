import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientAddressReader } from '../http/client-address.ts';
import { askerOf } from './asker.ts';
import type { HttpTracker } from './http-tracker.ts';

/** The tracker on `node:http`: what raw-http.ts leaves to a complete parser. The listener returns false where the path is not the tracker's. */
export function createHttpFront(
  tracker: HttpTracker,
  addressOf: ClientAddressReader,
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  return (incoming, outgoing) => {
    const { url = '', method, socket, headers } = incoming;
    if (!/^\/(announce|scrape)\/?(\?|$)/.test(url)) return false;
    if (method !== 'GET') {
      outgoing.writeHead(405, { Allow: 'GET', 'Content-Length': 0 }).end();
      return true;
    }
    const body = tracker.answer(url, askerOf(addressOf, socket, headers['x-forwarded-for']));
    if (!body) return false;
    outgoing.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', String(body.length)]);
    // A copy: the socket may keep it for longer than until the next answer.
    outgoing.end(Buffer.from(body));
    return true;
  };
}
