/** A bare node:http server that answers every request with the head and body that the parent sends first. */
import { createServer } from 'node:http';
import type { SameAnswer } from './same-bytes.ts';

process.once('message', ({ headers, body }: SameAnswer) => {
  const bytes = Buffer.from(body, 'base64');
  const server = createServer((request, response) => {
    response.writeHead(200, [...headers]);
    response.end(request.method === 'HEAD' ? undefined : bytes);
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? address?.port : undefined);
  });
});
process.on('disconnect', () => process.exit(0));
