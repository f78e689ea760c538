# %% [markdown]
# # Answers to Lab 2
# Other right answers, and the wrong ones that students really write.

# %% exercise="make_embedding" right="through the weights argument"
def make_embedding(matrix, name="my_embedding"):
    return keras.layers.Embedding(
        output_dim=matrix.shape[1], input_dim=matrix.shape[0], weights=[matrix], name=name
    )

# %% exercise="make_embedding" right="through a constant initialiser, built by a first call"
def make_embedding(matrix, name="my_embedding"):
    matrix = np.asarray(matrix, dtype="float32")
    layer = keras.layers.Embedding(
        len(matrix),
        len(matrix[0]),
        embeddings_initializer=keras.initializers.Constant(matrix),
        name=name,
    )
    layer(np.array([0]))
    return layer

# %% exercise="make_embedding" right="assigns to the variable"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(*matrix.shape, name=name)
    layer.build((None, 1))
    layer.embeddings.assign(matrix)
    return layer

# %% exercise="make_embedding" wrong="random initial weights" says="random initial weights"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1], name=name)
    layer.build()
    return layer

# %% exercise="make_embedding" wrong="dims swapped" says="not the other way round"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(
        input_dim=matrix.shape[1], output_dim=matrix.shape[0], name=name
    )
    layer.build()
    layer.set_weights([matrix])
    return layer

# %% exercise="make_embedding" wrong="dims swapped, matrix transposed" says="is the number of ids"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(
        input_dim=matrix.shape[1], output_dim=matrix.shape[0], name=name
    )
    layer.build()
    layer.set_weights([matrix.T])
    return layer

# %% exercise="make_embedding" wrong="not built, the initialiser would do it later" says="not built"
def make_embedding(matrix, name="my_embedding"):
    return keras.layers.Embedding(
        *matrix.shape, embeddings_initializer=keras.initializers.Constant(matrix), name=name
    )

# %% exercise="make_embedding" wrong="weights set on a layer that is not built" says="not built yet"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(*matrix.shape, name=name)
    layer.set_weights([matrix])
    return layer

# %% exercise="make_embedding" wrong="leans on the global matrix" says="global names"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(vocab_size, embedding_size, name=name)
    layer.build()
    layer.set_weights([embedding_matrix])
    return layer

# %% exercise="make_embedding" wrong="hard-codes the visible tables" says="use its argument" earns=1
def make_embedding(matrix, name="my_embedding"):
    known = {
        (3, 2): [[0.5, -1.0], [2.0, 3.5], [-4.0, 0.25]],
        (2, 3): [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    }
    layer = keras.layers.Embedding(*matrix.shape, name=name)
    layer.build()
    layer.set_weights([np.array(known.get(matrix.shape, np.zeros(matrix.shape)))])
    return layer

# %% exercise="make_embedding" wrong="the name is ignored" says="pass the name on" earns=1
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(*matrix.shape, name="my_embedding")
    layer.build()
    layer.set_weights([matrix])
    return layer

# %% exercise="make_embedding" wrong="frozen" says="frozen" earns=1
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(*matrix.shape, name=name, trainable=False)
    layer.build()
    layer.set_weights([matrix])
    return layer

# %% exercise="make_embedding" wrong="changes the matrix" says="changed the matrix"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(*matrix.shape, name=name)
    layer.build()
    layer.set_weights([matrix])
    matrix *= 0.5
    return layer

# %% exercise="make_embedding" wrong="returns the array" says="should return a keras.layers"
def make_embedding(matrix, name="my_embedding"):
    layer = keras.layers.Embedding(*matrix.shape, name=name)
    layer.build()
    layer.set_weights([matrix])
    return layer.get_weights()[0]

# %% exercise="fits" right="a loop with early returns"
def fits(reported, actual):
    if len(actual) != len(reported):
        return False
    for axis in range(len(actual)):
        if reported[axis] is not None and reported[axis] != actual[axis]:
            return False
    return True

# %% exercise="fits" right="fills the gaps in and compares tuples"
def fits(reported, actual):
    filled = tuple(
        actual[axis] if size is None and axis < len(actual) else size
        for axis, size in enumerate(reported)
    )
    return filled == tuple(actual)

# %% exercise="fits" wrong="zip does not notice an axis too many" says="number of axes"
def fits(reported, actual):
    return all(r is None or r == a for r, a in zip(reported, actual))

# %% exercise="fits" wrong="only too few axes are noticed" says="an axis too many"
def fits(reported, actual):
    if len(actual) < len(reported):
        return False
    return all(r is None or r == a for r, a in zip(reported, actual))

# %% exercise="fits" wrong="None is compared like a number" says="None stands for any size"
def fits(reported, actual):
    return tuple(reported) == tuple(actual)

# %% exercise="fits" wrong="only the batch axis may be None" says="on every axis"
def fits(reported, actual):
    return len(reported) == len(actual) and tuple(reported[1:]) == tuple(actual[1:])

# %% exercise="fits" wrong="the batch axis is never looked at" says="batch size is fixed too"
def fits(reported, actual):
    return len(reported) == len(actual) and all(
        r is None or r == a for r, a in zip(reported[1:], actual[1:])
    )

# %% exercise="fits" wrong="only counts axes" says="last axis is fixed"
def fits(reported, actual):
    return len(reported) == len(actual)

# %% exercise="fits" wrong="a size of 0 is taken for absent" says="any size, also 0"
def fits(reported, actual):
    return len(reported) == len(actual) and all(
        a and (r is None or r == a) for r, a in zip(reported, actual)
    )

# %% exercise="fits" wrong="hard-codes the visible examples" says="fits (None, 28, 28, 1)"
def fits(reported, actual):
    return (reported, actual) in [((None, 20), (32, 20)), ((None, None, 4), (2, 7, 4))]

# %% exercise="lookup_model" right="float32 input, keyword arguments"
def lookup_model(layer, length=1):
    x = keras.Input(shape=[length], name="input")
    embedding = layer(x)
    return keras.Model(inputs=x, outputs=embedding)

# %% exercise="lookup_model" right="as a Sequential with a named input"
def lookup_model(layer, length=1):
    return keras.Sequential([keras.Input(shape=(length,), name="input"), layer])

# %% exercise="lookup_model" wrong="a new layer" says="a new layer with random weights"
def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(length,), name="input")
    return keras.Model(inputs, keras.layers.Embedding(layer.input_dim, layer.output_dim)(inputs))

# %% exercise="lookup_model" wrong="a new layer with copied weights" says="into a copy" earns=1
def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(length,), name="input")
    new = keras.layers.Embedding(layer.input_dim, layer.output_dim, weights=layer.get_weights())
    return keras.Model(inputs, new(inputs))

# %% exercise="lookup_model" wrong="the length is ignored" says="number of ids" earns=1
def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(1,), name="input")
    return keras.Model(inputs, layer(inputs))

# %% exercise="lookup_model" wrong="the batch axis is written down" says="without the batch axis"
def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(1, length), name="input")
    return keras.Model(inputs, layer(inputs))

# %% exercise="lookup_model" wrong="a fixed batch size" says="without the batch axis"
def lookup_model(layer, length=1):
    inputs = keras.Input(batch_shape=(1, length), name="input")
    return keras.Model(inputs, layer(inputs))

# %% exercise="lookup_model" wrong="returns the symbolic tensor" says="only one end of the model"
def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(length,), name="input")
    return layer(inputs)

# %% exercise="lookup_model" wrong="the input has no name" says='named "input"' earns=1
def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(length,))
    return keras.Model(inputs, layer(inputs))

# %% exercise="lookup_model" wrong="flattens already" says="nothing takes one away"
def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(length,), name="input")
    return keras.Model(inputs, keras.layers.Flatten()(layer(inputs)))

# %% exercise="lookup_model" wrong="uses a global layer" says="new layer with random weights"
global_layer = keras.layers.Embedding(6, 3)


def lookup_model(layer, length=1):
    inputs = keras.Input(shape=(length,), name="input")
    return keras.Model(inputs, global_layer(inputs))

# %% exercise="flat_model" right="Reshape with the batch axis left open"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    return keras.Model(inputs, keras.layers.Reshape((layer.output_dim,))(layer(inputs)))

# %% exercise="flat_model" right="takes the only step by slicing"
def flat_model(layer):
    inputs = keras.Input(shape=(1,), dtype="int32")
    return keras.Model(inputs, layer(inputs)[:, 0, :])

# %% exercise="flat_model" right="as a subclass"
class FlatLookup(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.flatten = keras.layers.Flatten()

    def call(self, ids):
        return self.flatten(self.layer(ids))


def flat_model(layer):
    return FlatLookup(layer)

# %% exercise="flat_model" right="as a Sequential"
def flat_model(layer):
    return keras.Sequential([layer, keras.layers.Flatten()])

# %% exercise="flat_model" wrong="a new layer" says="a new layer"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    rows = keras.layers.Embedding(layer.input_dim, layer.output_dim)(inputs)
    return keras.Model(inputs, keras.layers.Flatten()(rows))

# %% exercise="flat_model" wrong="a new layer with copied weights" says="instead of the shared one"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    copy = keras.layers.Embedding(layer.input_dim, layer.output_dim, weights=layer.get_weights())
    return keras.Model(inputs, keras.layers.Flatten()(copy(inputs)))

# %% exercise="flat_model" wrong="reshape to a fixed batch" says="fixed batch size"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    rows = keras.ops.reshape(layer(inputs), (1, layer.output_dim))
    return keras.Model(inputs, rows)

# %% exercise="flat_model" wrong="flattens the batch away" says="the batch flattened away"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    rows = keras.ops.reshape(layer(inputs), (1, -1))
    return keras.Model(inputs, rows)

# %% exercise="flat_model" wrong="no Flatten" says="no axis of length"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    return keras.Model(inputs, layer(inputs))

# %% exercise="flat_model" wrong="Flatten made but not called on the rows" says="no axis of length"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    rows = layer(inputs)
    keras.layers.Flatten()(rows)
    return keras.Model(inputs, rows)

# %% exercise="flat_model" wrong="returns the symbolic tensor" says="should return a keras.Model"
def flat_model(layer):
    return keras.layers.Flatten()(layer(keras.Input(shape=(1,))))

# %% exercise="flat_model" wrong="hard-codes the dimension 4" says="belongs to another table"
def flat_model(layer):
    inputs = keras.Input(shape=(1,))
    return keras.Model(inputs, keras.ops.reshape(layer(inputs), (-1, 4)))

# %% exercise="model2_parameters" right="asks the model"
model2_parameters = flat_model(make_embedding(embedding_matrix)).count_params()

# %% exercise="model2_parameters" right="counts the entries of the table"
model2_parameters = embedding_matrix.size

# %% exercise="model2_parameters" right="by hand"
model2_parameters = 40  # 10 rows of 4, and Flatten has none

# %% exercise="model2_parameters" wrong="counts the table twice" says="counts the table twice"
model2_parameters = 80

# %% exercise="model2_parameters" wrong="adds a bias" says="bias"
model2_parameters = 10 * 4 + 4

# %% exercise="model2_parameters" wrong="counts the ids only" says="vocabulary"
model2_parameters = vocab_size

# %% exercise="model2_parameters" wrong="counts the arrays" says="number of weight arrays"
model2_parameters = 1

# %% exercise="model2_parameters" wrong="counts bytes" says="bytes"
model2_parameters = embedding_matrix.nbytes

# %% exercise="model2_parameters" wrong="a text" says="should be an int"
model2_parameters = "40"

# %% exercise="sequential_model" right="the home assignment's own solution, without an Input"
def sequential_model(layer):
    return keras.Sequential([layer, keras.layers.Flatten()])

# %% exercise="sequential_model" right="with add, and a Reshape"
def sequential_model(layer):
    model = keras.Sequential(name="model3")
    model.add(keras.Input(shape=(1,)))
    model.add(layer)
    model.add(keras.layers.Reshape((layer.output_dim,)))
    return model

# %% exercise="sequential_model" right="average over the only step"
def sequential_model(layer):
    return keras.Sequential([keras.Input((1,)), layer, keras.layers.GlobalAveragePooling1D()])

# %% exercise="sequential_model" wrong="copies the weights" says="it copied the weights"
def sequential_model(layer):
    model = keras.Sequential(
        [
            keras.Input(shape=(1,)),
            keras.layers.Embedding(layer.input_dim, layer.output_dim),
            keras.layers.Flatten(),
        ]
    )
    model.set_weights(layer.get_weights())
    return model

# %% exercise="sequential_model" wrong="builds a new Embedding" says="has a random table"
def sequential_model(layer):
    return keras.Sequential(
        [
            keras.Input(shape=(1,)),
            keras.layers.Embedding(layer.input_dim, layer.output_dim),
            keras.layers.Flatten(),
        ]
    )

# %% exercise="sequential_model" wrong="a layer from its configuration" says="has a random table"
def sequential_model(layer):
    twin = keras.layers.Embedding.from_config(layer.get_config())
    return keras.Sequential([keras.Input(shape=(1,)), twin, keras.layers.Flatten()])

# %% exercise="sequential_model" wrong="no Flatten" says="axis of length has to go"
def sequential_model(layer):
    return keras.Sequential([keras.Input(shape=(1,)), layer])

# %% exercise="sequential_model" wrong="a functional model" says="should return a keras.Sequential"
def sequential_model(layer):
    inputs = keras.Input(shape=(1,))
    return keras.Model(inputs, keras.layers.Flatten()(layer(inputs)))

# %% exercise="sequential_model" wrong="leans on a global layer" says="has a random table"
layer = keras.layers.Embedding(10, 3)


def sequential_model(_):
    return keras.Sequential([keras.Input(shape=(1,)), layer, keras.layers.Flatten()])

# %% exercise="share_a_table" right="two loops with is"
def share_a_table(a, b):
    for mine in a.variables:
        for theirs in b.variables:
            if mine is theirs:
                return True
    return False

# %% exercise="share_a_table" right="a set of object ids"
def share_a_table(a, b):
    return not {id(v) for v in a.weights}.isdisjoint(id(v) for v in b.weights)

# %% exercise="share_a_table" right="by experiment: mark, look, restore"
def share_a_table(a, b):
    before = a.get_weights()
    seen = b.get_weights()
    a.set_weights([w + 1.0 for w in before])
    changed = any(not np.array_equal(x, y) for x, y in zip(seen, b.get_weights()))
    a.set_weights(before)
    return changed

# %% exercise="share_a_table" wrong="compares values" says="not their values"
def share_a_table(a, b):
    return any(
        v.shape == w.shape and np.array_equal(v, w) for v in a.weights for w in b.weights
    )

# %% exercise="share_a_table" wrong="compares names" says="the same name"
def share_a_table(a, b):
    return bool({layer.name for layer in a.layers} & {layer.name for layer in b.layers})

# %% exercise="share_a_table" wrong="compares paths" says="names"
def share_a_table(a, b):
    return bool({w.path for w in a.weights} & {w.path for w in b.weights})

# %% exercise="share_a_table" wrong="compares names and values" says="equal name"
def share_a_table(a, b):
    return any(
        v.path == w.path and v.shape == w.shape and np.array_equal(v, w)
        for v in a.weights
        for w in b.weights
    )

# %% exercise="share_a_table" wrong="only looks at the first weight" says="not the first weight"
def share_a_table(a, b):
    return bool(a.weights and b.weights) and a.weights[0] is b.weights[0]

# %% exercise="share_a_table" wrong="misses a frozen table" says="frozen"
def share_a_table(a, b):
    return any(v is w for v in a.trainable_weights for w in b.trainable_weights)

# %% exercise="share_a_table" wrong="only compares direct layers" says="model inside a model"
def share_a_table(a, b):
    with_weights = [layer for layer in a.layers if layer.weights]
    return any(mine is theirs for mine in with_weights for theirs in b.layers)

# %% exercise="share_a_table" wrong="writes ones and does not restore" says="changed the weights"
def share_a_table(a, b):
    seen = b.get_weights()
    a.set_weights([w + 1.0 for w in a.get_weights()])
    return any(not np.array_equal(x, y) for x, y in zip(seen, b.get_weights()))

# %% exercise="share_a_table" wrong="always True" says="not their values"
def share_a_table(a, b):
    return True

# %% exercise="share_a_table" wrong="hard-codes the visible case" says="not the first weight"
def share_a_table(a, b):
    return a.weights[0] is b.weights[0] and len(a.layers) == 2

# %% exercise="share_a_table" wrong="returns the weights" says="should return True or False"
def share_a_table(a, b):
    return [v for v in a.weights if any(v is w for w in b.weights)]

# %% exercise="as_dense" right="through a constant initialiser, built by a first call"
def as_dense(matrix):
    matrix = np.array(matrix, dtype="float32")
    dense = keras.layers.Dense(
        matrix.shape[1], use_bias=False, kernel_initializer=keras.initializers.Constant(matrix)
    )
    dense(np.zeros((1, len(matrix)), dtype="float32"))
    return dense

# %% exercise="as_dense" right="assigns to the kernel, linear activation spelled out"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[-1], activation="linear", use_bias=False)
    dense.build((1, matrix.shape[0]))
    dense.kernel.assign(matrix)
    return dense

# %% exercise="as_dense" wrong="bias left on, and set to zeros" says="bias was left on"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1])
    dense.build((None, matrix.shape[0]))
    dense.set_weights([matrix, np.zeros(matrix.shape[1])])
    return dense

# %% exercise="as_dense" wrong="bias left on, set_weights fails" says="the bias was left on"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1])
    dense.build((None, matrix.shape[0]))
    dense.set_weights([matrix])
    return dense

# %% exercise="as_dense" wrong="a bias of ones" says="a bias that is not zero"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], bias_initializer="ones")
    dense.build((None, matrix.shape[0]))
    dense.kernel.assign(matrix)
    return dense

# %% exercise="as_dense" wrong="relu" says="activation was left on"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], activation="relu", use_bias=False)
    dense.build((None, matrix.shape[0]))
    dense.set_weights([matrix])
    return dense

# %% exercise="as_dense" wrong="softmax" says="an activation"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], activation="softmax", use_bias=False)
    dense.build((None, matrix.shape[0]))
    dense.set_weights([matrix])
    return dense

# %% exercise="as_dense" wrong="transposed kernel and shape" says="is yours transposed"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[0], use_bias=False)
    dense.build((None, matrix.shape[1]))
    dense.set_weights([matrix.T])
    return dense

# %% exercise="as_dense" wrong="transposed kernel" says="is yours transposed"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], use_bias=False)
    dense.build((None, matrix.shape[0]))
    dense.set_weights([matrix.T])
    return dense

# %% exercise="as_dense" wrong="transposes when that fits" says="kernel is transposed"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], use_bias=False)
    dense.build((None, matrix.shape[0]))
    dense.set_weights([matrix.T if matrix.T.shape == matrix.shape else matrix])
    return dense

# %% exercise="as_dense" wrong="weights set before the layer is built" says="not built yet"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], use_bias=False)
    dense.set_weights([matrix])
    return dense

# %% exercise="as_dense" wrong="random kernel" says="random initial numbers"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], use_bias=False)
    dense.build((None, matrix.shape[0]))
    return dense

# %% exercise="as_dense" wrong="leans on the global matrix" says="global embedding_matrix"
def as_dense(matrix):
    dense = keras.layers.Dense(embedding_size, use_bias=False)
    dense.build((None, vocab_size))
    dense.set_weights([embedding_matrix])
    return dense

# %% exercise="as_dense" wrong="changes the matrix" says="changed the matrix"
def as_dense(matrix):
    dense = keras.layers.Dense(matrix.shape[1], use_bias=False)
    dense.build((None, matrix.shape[0]))
    dense.set_weights([matrix])
    matrix[:] = 0
    return dense

# %% exercise="TinyEmbedding" right="through tf.gather, weight shaped by keyword"
import tensorflow


class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim, **kwargs):
        super().__init__(**kwargs)
        self.vocab, self.dim = vocab, dim

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.vocab, self.dim), initializer="random_normal"
        )

    def call(self, ids):
        return tensorflow.gather(self.embeddings, tensorflow.cast(ids, tensorflow.int64))

# %% exercise="TinyEmbedding" right="embedding_lookup, super().build called"
import tensorflow


class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.w = self.add_weight(shape=(self.vocab, self.dim))
        super().build(input_shape)

    def call(self, ids):
        ids = tensorflow.cast(ids, "int32")
        return tensorflow.nn.embedding_lookup(self.w.value, ids)

# %% exercise="TinyEmbedding" right="take on flattened ids"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(
            shape=(self.vocab, self.dim), initializer="glorot_uniform", trainable=True
        )

    def call(self, ids):
        ids = keras.ops.cast(ids, "int32")
        rows = keras.ops.take(self.table, keras.ops.reshape(ids, (-1,)), axis=0)
        return keras.ops.reshape(rows, (*keras.ops.shape(ids), self.dim))

# %% exercise="TinyEmbedding" wrong="one-hot product instead of a gather" says="one-hot" earns=2
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab, self.dim))

    def call(self, ids):
        onehot = keras.ops.one_hot(keras.ops.cast(ids, "int32"), self.vocab)
        return keras.ops.matmul(onehot, self.table)

# %% exercise="TinyEmbedding" wrong="weight created in call" says="weight is created in call"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def call(self, ids):
        self.table = self.add_weight(shape=(self.vocab, self.dim), name="table")
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0)

# %% exercise="TinyEmbedding" wrong="not trainable" says="not trainable" earns=2
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab, self.dim), trainable=False)

    def call(self, ids):
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0)

# %% exercise="TinyEmbedding" wrong="ids are not cast" says="float32"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab, self.dim))

    def call(self, ids):
        return keras.ops.take(self.table, ids, axis=0)

# %% exercise="TinyEmbedding" wrong="a bare tf.Variable" says="Only self.add_weight"
import tensorflow


class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = tensorflow.Variable(np.random.normal(size=(self.vocab, self.dim)))

    def call(self, ids):
        return tensorflow.gather(self.table, tensorflow.cast(ids, tensorflow.int32))

# %% exercise="TinyEmbedding" wrong="gathers along the wrong axis" says="(1, 2, 3)"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab, self.dim))

    def call(self, ids):
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32") % self.dim, axis=1)

# %% exercise="TinyEmbedding" wrong="vocabulary and dimension swapped" says="(vocab, dim) = (5, 3)"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.dim, self.vocab))

    def call(self, ids):
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0)

# %% exercise="TinyEmbedding" wrong="one row too many, for padding" says="(vocab, dim) = (5, 3)"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab + 1, self.dim))

    def call(self, ids):
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0)

# %% exercise="TinyEmbedding" wrong="adds a bias" says="should have one weight"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab, self.dim))
        self.bias = self.add_weight(shape=(self.dim,), initializer="zeros")

    def call(self, ids):
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0) + self.bias

# %% exercise="TinyEmbedding" wrong="the gradient is stopped" says="no gradient reaches" earns=2
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab, self.dim))

    def call(self, ids):
        rows = keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0)
        return keras.ops.stop_gradient(rows)

# %% exercise="TinyEmbedding" wrong="flattens the batch" says="Ids of shape (1, 2)"
class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        self.table = self.add_weight(shape=(self.vocab, self.dim))

    def call(self, ids):
        ids = keras.ops.reshape(keras.ops.cast(ids, "int32"), (-1,))
        return keras.ops.take(self.table, ids, axis=0)

# %% exercise="TinyEmbedding" wrong="one global table for all layers" says="a table each" earns=2
table_for_all = {}


class TinyEmbedding(keras.layers.Layer):
    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        key = (self.vocab, self.dim)
        if key not in table_for_all:
            table_for_all[key] = keras.Variable(np.random.normal(size=key), dtype="float32")
        self.table = table_for_all[key]

    def call(self, ids):
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0)
