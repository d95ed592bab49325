/** What the thread is started with. */
export interface PortMappingOrder {
  readonly port: number;
  readonly protocols: readonly ('TCP' | 'UDP')[];
  /** IPv4 address of the router, for NAT-PMP; undefined: it is looked for by UPnP alone. */
  readonly router: string | undefined;
}

/** What it tells, once. */
export type PortMappingResult =
  | { readonly state: 'mapped'; readonly by: 'NAT-PMP' | 'UPnP'; readonly address: string }
  | { readonly state: 'failed'; readonly reason: string };
