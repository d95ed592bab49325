import type { Clock } from '../contracts/clock.ts';
import type { SessionDescription } from '../contracts/signalled-transport.ts';
import { SwarmError } from '../errors.ts';
import type { Half } from './webrtc.ts';

/** Trackers pass on one description, so all candidates must be in it. What comes later than this, a STUN server that does not answer, is left out. */
const LAST_CANDIDATE_MS = 800;
const GATHER_MS = 4000;
/** From the answer to an open channel. */
const CONNECT_MS = 20_000;
const LONGEST_SDP = 64 * 1024;

export interface HalfOptions {
  /** Makes a connection of WebRTC: the browser's own, or one of a library that is shaped like it. */
  readonly create: () => RTCPeerConnection;
  readonly clock: Clock;
  /**
   * The channel is there, not open yet. Called once, in the turn in which it came to be, when it may still be transferred to a worker. An offer's is
   * there at once, an answer's when the other side is connected.
   */
  readonly onChannel: (channel: RTCDataChannel, isOurs: boolean) => void;
  /** Once: it was closed, or has failed. */
  readonly onEnd: (reason: string) => void;
}

/** Our half of a connection of WebRTC, where `RTCPeerConnection` is: not in workers. */
export class WebRtcHalf implements Half {
  readonly #options: HalfOptions;
  readonly #connection: RTCPeerConnection;
  readonly #connected = new AbortController();
  #isOver = false;

  /** Throws CONNECT_FAILED when the platform makes no more connections. */
  constructor(options: HalfOptions) {
    this.#options = options;
    try {
      this.#connection = options.create();
    } catch (error) {
      throw new SwarmError('CONNECT_FAILED', 'A WebRTC connection could not be made.', { cause: error });
    }
    this.#connection.onconnectionstatechange = () => {
      const { connectionState } = this.#connection;
      if (connectionState === 'connected') this.#connected.abort();
      if (connectionState === 'failed' || connectionState === 'closed')
        this.close('WebRTC could not connect, or lost the connection');
    };
  }

  /** Begins. Rejects with CONNECT_FAILED. */
  async offer(): Promise<SessionDescription> {
    return this.#describe(async () => {
      this.#options.onChannel(this.#connection.createDataChannel('modelswarm'), true);
      await this.#connection.setLocalDescription(await this.#connection.createOffer());
    });
  }

  /** Answers somebody. Rejects with CONNECT_FAILED. */
  async answer(offer: SessionDescription): Promise<SessionDescription> {
    this.#connection.ondatachannel = ({ channel }) => {
      this.#connection.ondatachannel = null;
      this.#options.onChannel(channel, false);
    };
    const description = await this.#describe(async () => {
      await this.#take(offer);
      await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    });
    void this.#limitTime();
    return description;
  }

  /** Takes the answer to our offer. Rejects with CONNECT_FAILED. */
  async accept(answer: SessionDescription): Promise<void> {
    try {
      await this.#take(answer);
    } catch (error) {
      throw this.#failed(error);
    }
    void this.#limitTime();
  }

  /** Ends it. Idempotent. */
  close(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connected.abort();
    this.#connection.onconnectionstatechange = null;
    this.#connection.ondatachannel = null;
    this.#connection.close();
    this.#options.onEnd(reason);
  }

  async #take(description: SessionDescription): Promise<void> {
    if (description.sdp.length > LONGEST_SDP) throw new Error('the description is too long');
    await this.#connection.setRemoteDescription({ type: description.type, sdp: description.sdp });
  }

  async #describe(negotiate: () => Promise<void>): Promise<SessionDescription> {
    try {
      const gathered = this.#gather();
      await negotiate();
      await gathered;
      const local = this.#connection.localDescription;
      if (this.#isOver || !local) throw new Error('it was closed');
      return { type: local.type === 'offer' ? 'offer' : 'answer', sdp: local.sdp };
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Resolves when the candidates are in the description, or those that come soon. */
  async #gather(): Promise<void> {
    const connection = this.#connection;
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    let lately = new AbortController();
    const enough = (milliseconds: number, signal: AbortSignal): void =>
      void clock.sleep(milliseconds, signal).then(resolve, () => {});
    connection.onicecandidate = ({ candidate }) => {
      lately.abort();
      lately = new AbortController();
      if (candidate) enough(LAST_CANDIDATE_MS, lately.signal);
      else resolve();
    };
    connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
    const late = new AbortController();
    enough(GATHER_MS, late.signal);
    await promise;
    late.abort();
    lately.abort();
    connection.onicecandidate = null;
    connection.onicegatheringstatechange = null;
  }

  async #limitTime(): Promise<void> {
    await this.#options.clock.sleep(CONNECT_MS, this.#connected.signal).then(
      () => this.close('WebRTC did not connect in time'),
      () => {},
    );
  }

  #failed(cause: unknown): SwarmError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.close(reason);
    return new SwarmError('CONNECT_FAILED', `A WebRTC connection came to nothing: ${reason}.`, { cause });
  }
}
