/** Files to hash, packed: path i is `pathBytes[pathEnds[i-1] … pathEnds[i]]`, relative to the root. */
export interface FilesToHash {
  readonly pathBytes: Uint8Array<ArrayBuffer>;
  readonly pathEnds: Uint32Array;
  readonly sizeBytes: Float64Array;
  readonly modifiedNs: BigInt64Array;
}

/** A state of a file other than the one that was asked for. */
export interface FileStamp {
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}
