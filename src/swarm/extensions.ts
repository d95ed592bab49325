import { encodeExtensionHandshake } from '../wire/extension-handshake.ts';
import { encodeExtended } from '../wire/messages.ts';
import type { Peer } from './peer.ts';
import { MOST_WAITING } from './uploads.ts';

export const METADATA_EXTENSION = 'ut_metadata';
export const PEX_EXTENSION = 'ut_pex';
/** Our ids of them: what peers put in front of such messages to us. */
export const METADATA_ID = 1;
export const PEX_ID = 2;
const FIRST_OWN_ID = 3;

/** What peers are told of us. */
export interface OwnExtensions {
  /** Name and version of the program. */
  readonly client: string;
  /** Where we listen; 0: nowhere. */
  readonly port: number;
  /** BEP 27: peers are not told of one another. */
  readonly isPrivate: boolean;
  /** Names of extensions that whoever uses this package has made. */
  readonly names: readonly string[];
}

/** Says which extensions we have (BEP 10), if the peer understands it. */
export function sendExtensions(
  peer: Peer,
  own: OwnExtensions,
  state: { readonly metadataSize?: number; readonly uploadOnly?: boolean } = {},
): void {
  if (!peer.handshake.extended) return;
  const messages = new Map([[METADATA_EXTENSION, METADATA_ID]]);
  if (!own.isPrivate) messages.set(PEX_EXTENSION, PEX_ID);
  for (const [index, name] of own.names.entries()) messages.set(name, FIRST_OWN_ID + index);
  const port = own.port > 0 ? { port: own.port } : {};
  const handshake = { messages, client: own.client, reqq: MOST_WAITING, ...port, ...state };
  peer.send(encodeExtended(0, encodeExtensionHandshake(handshake)));
}

/** The name of one of our own extensions, by the id that a message came with. */
export function ownExtension({ names }: OwnExtensions, id: number): string | undefined {
  return names[id - FIRST_OWN_ID];
}
