"""In the place of TensorFlow, in runs of a course that does not use it.

Half of the work of a run is importing TensorFlow. Here is what the template computes to find out
whether it may be forked, and the types that values are compared with on the wire.
"""

import numpy as np

ones, reduce_sum = np.ones, np.sum


class Tensor:
    pass


class dtypes:
    class DType:
        pass
