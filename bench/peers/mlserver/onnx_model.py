"""A runtime for ONNX files, as MLServer's "Custom Inference Runtimes" describes one."""

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        file = self.settings.parameters.uri
        self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feeds = {each.name: tensor(each) for each in payload.inputs}
        labels, probabilities = self._session.run(["label", "probabilities"], feeds)
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                StringCodec.encode_output("label", labels.tolist()),
                NumpyCodec.encode_output("probabilities", probabilities),
            ],
        )


def tensor(given) -> np.ndarray:
    if given.datatype == "BYTES":
        return np.array(StringCodec.decode_input(given), dtype=object).reshape(-1, 1)
    return NumpyCodec.decode_input(given).astype(np.float32, copy=False)
