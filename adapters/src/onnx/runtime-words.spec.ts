import { expect, it } from 'vitest';
import { runtimeWords } from './runtime-words.ts';

const inNode = "Non-zero status code returned while running Expand node. Name:'' Status Message: ";
const place = '/onnxruntime_src/onnxruntime/core/framework/';
const allocate =
  'bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) ';
const words = 'Failed to allocate memory for requested buffer of size 8589934592';

it.each([
  [true, 'The model asked for more memory than its process may take (1.5 GiB, HINDCAST_MODEL_MEMORY_BYTES): '],
  [false, 'The model asked for more memory than there is: '],
])('leads with what a model that asked for too much memory did, where it can be limited: %s', (limited, lead) => {
  const told = runtimeWords(`${inNode}${place}${allocate}${words}\n`, { memoryBytesMax: 1.5 * 2 ** 30 }, limited);
  expect(told).toBe(`${lead}${inNode}${words}`);
});

it.each([
  [
    'Got invalid dimensions for input: x\n index: 1 Got: 1 Expected: 4\n Please fix either the inputs/outputs or the model.',
    undefined,
  ],
  [
    `${inNode}${place}op_kernel.cc:83 virtual OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const onnxruntime::TensorShape&) [ONNXRuntimeError] : 1 : FAIL : tensor.cc:57 CalculateTensorStorageSize Tensor shape.Size() must be >= 0\n`,
    `${inNode}[ONNXRuntimeError] : 1 : FAIL : CalculateTensorStorageSize Tensor shape.Size() must be >= 0`,
  ],
])('leaves other words as they are, without places in the sources of the runtime: %j', (said, told = said) => {
  expect(runtimeWords(said, { memoryBytesMax: 2 ** 30 })).toBe(told);
});
