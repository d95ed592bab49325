/** Where it is kept what of each torrent is verified, under names that are safe in file systems. */
export interface ResumeStore {
  /** Undefined when there is none. */
  load(name: string): Promise<Uint8Array | undefined>;
  /** Survives a crash, wholly or not at all. Rejects with STORAGE, DISK_FULL. */
  save(name: string, bytes: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}
