/** `seed --map-port` behind routers that speak NAT-PMP and UPnP (IGD 2), and behind one that talks nonsense. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createIsolatedNetwork, type IsolatedNetwork } from '../../support/isolated-network.ts';
import { CLI } from '../../support/start-server.ts';
import { makeContent, patternBytes } from '../../support/swarm-bed.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { noIsolation } from '../clients/client-bed.ts';

const skip = noIsolation();
let network: IsolatedNetwork;
beforeAll(async () => {
  if (skip) return;
  network = createIsolatedNetwork();
  await network.run('ip', ['route', 'add', 'default', 'via', network.address], { env: {} });
});
afterAll(() => network?.close());

/** What a home router does with a NAT-PMP request (RFC 6886), or whatever else it does. */
async function router(answer: (request: Buffer) => Buffer): Promise<Buffer[]> {
  const heard: Buffer[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (request, from) => {
    heard.push(request);
    socket.send(answer(request), from.port, from.address);
  });
  socket.bind(5351, network.address);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return heard;
}

/** Opcode 0: our address; 1 and 2: a mapping for UDP and TCP, of which it takes the port that was asked for. */
function pmpAnswer(request: Buffer): Buffer {
  const answer = Buffer.alloc(request[1] === 0 ? 12 : 16);
  answer[1] = 128 + (request[1] ?? 0);
  if (request[1] === 0) answer.set([203, 0, 113, 5], 8);
  else request.copy(answer, 8, 4, 12);
  return answer;
}

/** Seeds for some seconds, then ctrl-C. */
async function seed(seconds: number) {
  const folder = await tempDir();
  await makeContent(folder, 'x.bin', { 'x.bin': patternBytes(100_000, 1) });
  const run = ['seed', join(folder, 'x.bin'), '--port', '17654', '--map-port', '--no-dht', '--no-lsd', '--json'];
  const command = ['-s', 'INT', String(seconds), ...CLI, ...run];
  return network.run('timeout', command, { env: { HOME: folder }, timeout: 60_000 });
}

test.skipIf(skip)('a router with NAT-PMP passes the port on, until we end', async () => {
  const heard = await router(pmpAnswer);
  const { stdout } = await seed(5);
  expect(stdout).toContain('{"type":"port-mapping","state":"mapped","by":"NAT-PMP","address":"203.0.113.5:17654"}');
  const mappings = heard.filter(([, opcode]) => opcode === 2);
  expect(mappings[0]?.subarray(4, 8)).toEqual(Buffer.from([0x44, 0xf6, 0x44, 0xf6]));
  expect(mappings[0]?.readUInt32BE(8)).toBeGreaterThan(0);
  // Lifetime 0: taken back.
  expect(mappings.at(-1)?.readUInt32BE(8)).toBe(0);
});

test.skipIf(skip)('a router that talks nonsense costs the mapping, not the program', async () => {
  const heard = await router(() => Buffer.from([7]));
  const { stdout } = await seed(14);
  expect(heard.length).toBeGreaterThan(0);
  expect(stdout).toContain('"state":"failed"');
  // It went on seeding.
  expect(stdout.trimEnd().split('\n').at(-1)).toContain('"type":"status"');
});

test.skipIf(skip)('a router with UPnP passes the port on', async () => {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const action = /<u:(\w+)/.exec(body)?.[1] ?? '';
      asked.push(action === '' ? (request.url ?? '') : `${action} ${/<NewInternalPort>(\d+)/.exec(body)?.[1] ?? ''}`);
      response.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8' });
      response.end(action === '' ? DESCRIPTION : soap(action));
    });
  }).listen(0, network.address);
  await once(http, 'listening');
  onTestFinished(() => void http.close());
  const location = `http://${network.address}:${(http.address() as AddressInfo).port}/description.xml`;
  const ssdp = await answerSearches(location);
  onTestFinished(() => void ssdp.close());
  const { stdout } = await seed(9);
  expect(asked).toContain('AddAnyPortMapping 17654');
  expect(stdout).toContain('{"type":"port-mapping","state":"mapped","by":"UPnP","address":"203.0.113.6:17654"}');
});

const GATEWAY = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2';
const DESCRIPTION = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>${GATEWAY}</deviceType><friendlyName>router</friendlyName><UDN>uuid:1</UDN><deviceList>
<device><deviceType>urn:schemas-upnp-org:device:WANDevice:2</deviceType><UDN>uuid:2</UDN><deviceList>
<device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:2</deviceType><UDN>uuid:3</UDN><serviceList>
<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
<controlURL>/control</controlURL><eventSubURL>/events</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service></serviceList></device>
</deviceList></device></deviceList></device></root>`;

function soap(action: string): string {
  const content =
    action === 'GetExternalIPAddress'
      ? '<NewExternalIPAddress>203.0.113.6</NewExternalIPAddress>'
      : '<NewReservedPort>17654</NewReservedPort>';
  const type = 'urn:schemas-upnp-org:service:WANIPConnection:2';
  return `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><u:${action}Response xmlns:u="${type}">${content}</u:${action}Response></s:Body></s:Envelope>`;
}

/** Answers M-SEARCH on the machine's side of the network. */
async function answerSearches(location: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('message', (message, from) => {
    if (!message.toString().startsWith('M-SEARCH')) return;
    const headers = `CACHE-CONTROL: max-age=1800\r\nST: ${GATEWAY}\r\nUSN: uuid:1::${GATEWAY}\r\nLOCATION: ${location}`;
    socket.send(`HTTP/1.1 200 OK\r\nEXT:\r\nSERVER: test UPnP/1.1 test\r\n${headers}\r\n\r\n`, from.port, from.address);
  });
  socket.bind(1900);
  await once(socket, 'listening');
  socket.addMembership('239.255.255.250', network.address);
  return socket;
}
