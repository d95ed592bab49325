/** What TypeScript keeps for workers only: https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle */
interface FileSystemSyncAccessHandle {
  read(buffer: AllowSharedBufferSource, options?: { readonly at?: number }): number;
  write(buffer: AllowSharedBufferSource, options?: { readonly at?: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}
