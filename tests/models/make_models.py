"""Write every test model beside this file. The same bytes each time.

pip install onnx==1.23.2 numpy
python make_models.py
"""

from pathlib import Path

from onnx import ModelProto

from hostile_models import HOSTILE
from plain_models import PLAIN
from refused_models import REFUSED

HERE = Path(__file__).parent


def content(made: ModelProto | bytes) -> bytes:
    """The bytes of a file that holds `made`."""
    return made if isinstance(made, bytes) else made.SerializeToString(deterministic=True)


if __name__ == "__main__":
    for name, make in (PLAIN | REFUSED | HOSTILE).items():
        (HERE / f"{name}.onnx").write_bytes(content(make()))
