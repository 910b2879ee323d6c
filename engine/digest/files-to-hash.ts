/** Files to hash, as arrays: path i is `pathBytes[pathEnds[i-1] … pathEnds[i]]`, relative to the root. */
export interface FilesToHash {
  readonly pathBytes: Uint8Array<ArrayBuffer>;
  readonly pathEnds: Uint32Array;
  readonly sizeBytes: Float64Array;
  readonly modifiedNs: BigInt64Array;
}

/** The state of a file that had changed since the walk. */
export interface FileStamp {
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}
