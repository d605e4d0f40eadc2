// What the host answers. Gas and sizes pass as f64 and u32: 64-bit integers do not cross into JavaScript cheaply.

/** Runs precompile `id`: gas used, -1 for failure, -2 for unsupported. Output by `reserveReturn`. */
// @ts-ignore: decorator
@external('host', 'precompile')
export declare function hostPrecompile(id: u32, data: usize, size: usize, gas: f64): f64

/** Runs the hook of account `id`: gas used, -1 for failure, -2 for unsupported, -3 - gas used for a revert. */
// @ts-ignore: decorator
@external('host', 'hook')
export declare function hostHook(id: u32, data: usize, size: usize, gas: f64): f64

/** Writes the hash of the block with the number in 64 bits to the scratch area; 0 when it is not known. */
// @ts-ignore: decorator
@external('host', 'blockHash')
export declare function hostBlockHash(low: u32, high: u32): u32

/** Writes the blob hash to the scratch area; 0 when there is none of that index. */
// @ts-ignore: decorator
@external('host', 'blobHash')
export declare function hostBlobHash(index: u32): u32

/** Runs compiled code in a frame: 0 when the interpreter has to go on at the PC of the frame, 1 for an exceptional end. */
// @ts-ignore: decorator
@external('host', 'compiled')
export declare function hostCompiled(index: u32, frame: usize): u32
