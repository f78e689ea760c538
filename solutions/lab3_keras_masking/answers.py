# %% [markdown]
# # Answers to Lab 3
# Other right answers, and the wrong ones that students really write.

# %% exercise="pad_ids" right="through keras.utils.pad_sequences"
def pad_ids(sequences, length):
    if any(i <= 0 for sequence in sequences for i in sequence):
        raise ValueError("0 is padding")
    return keras.utils.pad_sequences(sequences, maxlen=length, padding="post", truncating="post")


# %% exercise="pad_ids" right="list arithmetic, then one array"
def pad_ids(sequences, length):
    rows = []
    for sequence in sequences:
        if len(sequence) and min(sequence) < 1:
            raise ValueError("ids begin at 1")
        rows.append((list(sequence) + [0] * length)[:length])
    return np.array(rows, dtype=int).reshape(len(rows), length)


# %% exercise="pad_ids" right="place by place"
def pad_ids(sequences, length):
    batch = np.full((len(sequences), length), 0, dtype=np.int32)
    for r, sequence in enumerate(sequences):
        for c, word in enumerate(sequence):
            if word < 1:
                raise ValueError(f"sentence {r} holds {word}")
            if c < length:
                batch[r, c] = word
    return batch


# %% exercise="pad_ids" wrong="pads in front" says="pad in front" earns=1
def pad_ids(sequences, length):
    if any(i < 1 for sequence in sequences for i in sequence):
        raise ValueError("0 is padding")
    return keras.utils.pad_sequences(sequences, maxlen=length)


# %% exercise="pad_ids" wrong="cuts at the front" says="cut at the front" earns=1
def pad_ids(sequences, length):
    if any(i < 1 for sequence in sequences for i in sequence):
        raise ValueError("0 is padding")
    return keras.utils.pad_sequences(sequences, maxlen=length, padding="post")


# %% exercise="pad_ids" wrong="0 used as a real id" says="0 was taken as a real word" earns=1
def pad_ids(sequences, length):
    return keras.utils.pad_sequences(sequences, maxlen=length, padding="post", truncating="post")


# %% exercise="pad_ids" wrong="refuses 0 but not negative ids" says="negative id" earns=1
def pad_ids(sequences, length):
    if any(0 in sequence for sequence in sequences):
        raise ValueError("0 is padding")
    return keras.utils.pad_sequences(sequences, maxlen=length, padding="post", truncating="post")


# %% exercise="pad_ids" wrong="looks at the first two ids only" says="every id of every sentence"
def pad_ids(sequences, length):
    batch = np.zeros((len(sequences), length))
    for r, sequence in enumerate(sequences):
        if sequence and (sequence[0] < 1 or sequence[1:2] and sequence[1] < 1):
            raise ValueError("0 is padding")
        batch[r, : len(sequence)] = sequence[:length]
    return batch


# %% exercise="pad_ids" wrong="floats" says="integers" earns=1
def pad_ids(sequences, length):
    batch = np.zeros((len(sequences), length))
    for r, sequence in enumerate(sequences):
        if any(i < 1 for i in sequence):
            raise ValueError("0 is padding")
        batch[r, : len(sequence)] = sequence[:length]
    return batch


# %% exercise="pad_ids" wrong="as wide as the longest sentence" says="(3, 4)" earns=1
def pad_ids(sequences, length):
    if any(i < 1 for sequence in sequences for i in sequence):
        raise ValueError("0 is padding")
    width = max(max(map(len, sequences)), length)
    return np.array([list(s) + [0] * (width - len(s)) for s in sequences])


# %% exercise="pad_ids" wrong="lengthens the caller's lists" says="changed the lists" earns=1
def pad_ids(sequences, length):
    for sequence in sequences:
        if any(i < 1 for i in sequence):
            raise ValueError("0 is padding")
        del sequence[length:]
        while len(sequence) < length:
            sequence.append(0)
    return np.array(sequences, dtype=int).reshape(len(sequences), length)


# %% exercise="pad_ids" wrong="the visible example by heart" says="should give shape"
def pad_ids(sequences, length):
    if [0] in [[min(s)] for s in sequences if s]:
        raise ValueError("0 is padding")
    if length == 3:
        return np.zeros((2, 3), dtype=int)
    return np.array([[3, 1, 2, 0], [4, 0, 0, 0], [5, 6, 7, 8]])


# %% exercise="masked_mean" right="through einsum"
def masked_mean(vectors, mask):
    total = np.einsum("bld,bl->bd", vectors, mask.astype(float))
    return total / np.clip(mask.sum(axis=1), 1, None)[:, None]


# %% exercise="masked_mean" right="a loop over the sentences"
def masked_mean(vectors, mask):
    means = np.zeros((vectors.shape[0], vectors.shape[2]))
    for b in range(len(vectors)):
        if mask[b].any():
            means[b] = vectors[b][mask[b]].mean(axis=0)
    return means


# %% exercise="masked_mean" right="np.mean with where, NaN mended afterwards"
def masked_mean(vectors, mask):
    return np.nan_to_num(np.mean(vectors, axis=1, where=mask[:, :, None]))


# %% exercise="masked_mean" right="through keras.ops, a tensor comes back"
def masked_mean(vectors, mask):
    steps = keras.ops.where(mask[..., None], vectors, 0.0)
    count = keras.ops.maximum(keras.ops.sum(keras.ops.cast(mask, steps.dtype), axis=1), 1)
    return keras.ops.sum(steps, axis=1) / count[:, None]


# %% exercise="masked_mean" wrong="divides by length" says="divide by the length"
def masked_mean(vectors, mask):
    return (vectors * mask[..., None]).mean(axis=1)


# %% exercise="masked_mean" wrong="NaN where all is masked" says="NaN" earns=1
def masked_mean(vectors, mask):
    return (vectors * mask[..., None]).sum(axis=1) / mask.sum(axis=1)[:, None]


# %% exercise="masked_mean" wrong="mask inverted" says="inverted"
def masked_mean(vectors, mask):
    ignored = ~mask
    return (vectors * ignored[..., None]).sum(axis=1) / np.maximum(ignored.sum(axis=1), 1)[:, None]


# %% exercise="masked_mean" wrong="the mask is not used" says="the mask is not used"
def masked_mean(vectors, mask):
    return vectors.mean(axis=1)


# %% exercise="masked_mean" wrong="zeroes vectors in place" says="changed the arrays" earns=1
def masked_mean(vectors, mask):
    vectors[~mask] = 0
    return vectors.sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[:, None]


# %% exercise="masked_mean" wrong="takes the real steps to come first" says="need not come first"
def masked_mean(vectors, mask):
    counts = mask.sum(axis=1)
    return np.array(
        [v[:n].mean(axis=0) if n else v[0] * 0 for v, n in zip(vectors, counts)]
    ).reshape(len(vectors), vectors.shape[2])


# %% exercise="masked_mean" wrong="one mean for the whole batch" says="one per sentence"
def masked_mean(vectors, mask):
    return vectors[mask].mean(axis=0)


# %% exercise="masked_mean" wrong="adds one to every count" says="Expected"
def masked_mean(vectors, mask):
    return (vectors * mask[..., None]).sum(axis=1) / (mask.sum(axis=1)[:, None] + 1)


# %% exercise="masked_mean" wrong="the visible example by heart" says="should give (1, 1)"
def masked_mean(vectors, mask):
    if mask[0, 0]:
        return np.array([[2.0, 3, 4, 5], [12, 13, 14, 15]])
    return np.array([[0.0] * 4, [18, 19, 20, 21]])


# %% exercise="sentence_encoder" right="Sequential, without an Input"
def sentence_encoder(vocab, dim):
    return keras.Sequential(
        [
            keras.layers.Embedding(1 + vocab, dim, mask_zero=True),
            keras.layers.GlobalAveragePooling1D(),
        ]
    )


# %% exercise="sentence_encoder" right="an LSTM that skips masked steps"
def sentence_encoder(vocab, dim):
    ids = keras.Input((None,), dtype="int64")
    x = keras.layers.Embedding(vocab + 1, 8, mask_zero=True)(ids)
    x = keras.layers.Dropout(0.1)(x)
    return keras.Model(ids, keras.layers.LSTM(dim)(x))


# %% exercise="sentence_encoder" right="a subclass that makes the mask by hand and sums"
class Bag(keras.Model):
    def __init__(self, vocab, dim):
        super().__init__()
        self.table = keras.layers.Embedding(vocab + 1, dim)

    def call(self, ids):
        real = keras.ops.cast(keras.ops.not_equal(ids, 0), "float32")
        return keras.ops.sum(self.table(ids) * real[..., None], axis=1)


def sentence_encoder(vocab, dim):
    return Bag(vocab, dim)


# %% exercise="sentence_encoder" right="the mask passed by hand across an operation"
def sentence_encoder(vocab, dim):
    ids = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(vocab + 1, dim, mask_zero=True)
    x = embedding(ids) * 3.0
    x = keras.layers.GlobalAveragePooling1D()(x, mask=embedding.compute_mask(ids))
    return keras.Model(ids, x)


# %% exercise="sentence_encoder" wrong="mask_zero forgotten" says="mask_zero" earns=1
def sentence_encoder(vocab, dim):
    ids = keras.Input(shape=(None,), dtype="int32")
    x = keras.layers.Embedding(vocab + 1, dim)(ids)
    return keras.Model(ids, keras.layers.GlobalAveragePooling1D()(x))


# %% exercise="sentence_encoder" wrong="Flatten, steps not combined" says="Flatten" earns=1
def sentence_encoder(vocab, dim):
    return keras.Sequential(
        [
            keras.layers.Embedding(vocab + 1, dim, mask_zero=True),
            keras.layers.Flatten(),
        ]
    )


# %% exercise="sentence_encoder" wrong="Flatten and Dense" says="its length is fixed" earns=1
def sentence_encoder(vocab, dim):
    return keras.Sequential(
        [
            keras.layers.Embedding(vocab + 1, dim, mask_zero=True),
            keras.layers.Flatten(),
            keras.layers.Dense(dim),
        ]
    )


# %% exercise="sentence_encoder" wrong="every step kept" says="still an axis of their own"
def sentence_encoder(vocab, dim):
    return keras.Sequential([keras.layers.Embedding(vocab + 1, dim, mask_zero=True)])


# %% exercise="sentence_encoder" wrong="no row for padding" says="vocab + 1 rows" earns=2
def sentence_encoder(vocab, dim):
    ids = keras.Input(shape=(None,), dtype="int32")
    x = keras.layers.Embedding(vocab, dim, mask_zero=True)(ids)
    return keras.Model(ids, keras.layers.GlobalAveragePooling1D()(x))


# %% exercise="sentence_encoder" wrong="a Lambda loses the mask" says="pass the mask on" earns=1
def sentence_encoder(vocab, dim):
    ids = keras.Input(shape=(None,), dtype="int32")
    x = keras.layers.Embedding(vocab + 1, dim, mask_zero=True)(ids)
    x = keras.layers.Lambda(lambda v: keras.ops.mean(v, axis=1))(x)
    return keras.Model(ids, x)


# %% exercise="sentence_encoder" wrong="product drops mask" says="padding is counted in" earns=1
def sentence_encoder(vocab, dim):
    ids = keras.Input(shape=(None,), dtype="int32")
    x = keras.layers.Embedding(vocab + 1, dim, mask_zero=True)(ids)
    return keras.Model(ids, keras.layers.GlobalAveragePooling1D()(x * dim**0.5))


# %% exercise="sentence_encoder" wrong="row 0 starts at zero" says="after a training step" earns=1
def sentence_encoder(vocab, dim):
    layer = keras.layers.Embedding(vocab + 1, dim)
    layer.build()
    rows = layer.get_weights()[0]
    rows[0] = 0
    layer.set_weights([rows])
    ids = keras.Input(shape=(None,), dtype="int32")
    return keras.Model(ids, keras.ops.sum(layer(ids), axis=1))


# %% exercise="sentence_encoder" wrong="only the first word counts" says="last word left" earns=1
def sentence_encoder(vocab, dim):
    ids = keras.Input(shape=(None,), dtype="int32")
    return keras.Model(ids, keras.layers.Embedding(vocab + 1, dim)(ids)[:, 0])


# %% exercise="sentence_encoder" wrong="a frozen table" says="frozen"
def sentence_encoder(vocab, dim):
    ids = keras.Input(shape=(None,), dtype="int32")
    x = keras.layers.Embedding(vocab + 1, dim, trainable=False)(ids)
    return keras.Model(ids, keras.layers.GlobalAveragePooling1D()(x))


# %% exercise="sentence_encoder" wrong="returns a layer" says="Keras model"
def sentence_encoder(vocab, dim):
    return keras.layers.Embedding(vocab + 1, dim, mask_zero=True)


# %% exercise="masked_sum" right="through keras.ops.where, with supports_masking"
class MaskedSum(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return keras.ops.sum(inputs, axis=1)
        mask = keras.ops.expand_dims(mask, -1)
        return keras.ops.sum(keras.ops.where(mask, inputs, keras.ops.zeros_like(inputs)), axis=1)

    def compute_mask(self, inputs, mask=None):
        return None


# %% exercise="masked_sum" right="a batched product of mask and vectors"
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        if mask is None:
            mask = keras.ops.ones_like(inputs[..., 0])
        mask = keras.ops.cast(mask, inputs.dtype)
        return keras.ops.matmul(mask[:, None, :], inputs)[:, 0, :]


# %% exercise="masked_sum" right="plain TensorFlow"
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        import tensorflow as tf

        inputs = tf.convert_to_tensor(inputs)
        if mask is not None:
            inputs = tf.where(tf.expand_dims(mask, 2), inputs, tf.zeros_like(inputs))
        return tf.reduce_sum(inputs, axis=-2)


# %% exercise="masked_sum" right="through einsum"
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        weights = keras.ops.ones_like(inputs[:, :, :1])
        if mask is not None:
            weights = weights * keras.ops.cast(keras.ops.expand_dims(mask, 2), inputs.dtype)
        return keras.ops.einsum("bld,blo->bd", inputs, weights)


# %% exercise="masked_sum" wrong="ignores the mask" says="ignores the mask" earns=1
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        return keras.ops.sum(inputs, axis=1)


# %% exercise="masked_sum" wrong="fails when there is no mask" says="None then" earns=2
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        mask = keras.ops.cast(keras.ops.expand_dims(mask, -1), inputs.dtype)
        return keras.ops.sum(inputs * mask, axis=1)


# %% exercise="masked_sum" wrong="mask inverted" says="inverted" earns=1
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        if mask is not None:
            inputs = inputs * keras.ops.cast(keras.ops.logical_not(mask), inputs.dtype)[..., None]
        return keras.ops.sum(inputs, axis=1)


# %% exercise="masked_sum" wrong="the mean of the steps" says="that is the mean"
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        return keras.layers.GlobalAveragePooling1D()(inputs, mask=mask)


# %% exercise="masked_sum" wrong="NumPy inside call" says="inside a compiled model" earns=1
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        inputs = np.asarray(inputs)
        if mask is not None:
            inputs = inputs * np.asarray(mask)[..., None]
        return keras.ops.convert_to_tensor(inputs.sum(axis=1))


# %% exercise="masked_sum" wrong="mask made from the values" says="ignores the mask"
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        made = keras.ops.any(keras.ops.not_equal(inputs, 0), axis=-1, keepdims=True)
        return keras.ops.sum(inputs * keras.ops.cast(made, inputs.dtype), axis=1) * (
            mask is not None
        )


# %% exercise="masked_sum" wrong="sums over the components" says="axis 1, the steps"
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        sums = keras.ops.sum(inputs, axis=2)
        return sums if mask is None else sums * keras.ops.cast(mask, sums.dtype)


# %% exercise="masked_sum" wrong="nothing is returned" says="return"
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        if mask is not None:
            inputs = inputs * keras.ops.cast(mask, inputs.dtype)[..., None]
        keras.ops.sum(inputs, axis=1)


# %% exercise="masked_sum" wrong="the visible example by heart" says="should have shape (3, 3)" earns=1
class MaskedSum(keras.layers.Layer):
    def call(self, inputs, mask=None):
        if mask is None:
            return keras.ops.sum(inputs, axis=1)
        return keras.ops.convert_to_tensor([[4.0, 6, 8, 10], [12, 13, 14, 15]])


# %% exercise="onehot_volume" right="through to_categorical, with the shape put right"
def onehot_volume(grid, materials):
    if grid.dtype.kind not in "iu" or ((grid < 0) | (grid >= materials)).any():
        raise IndexError("no such material")
    if grid.size == 0:
        return np.zeros(grid.shape + (materials,))
    return keras.utils.to_categorical(grid.ravel(), materials).reshape(grid.shape + (materials,))


# %% exercise="onehot_volume" right="by comparison with arange"
def onehot_volume(grid, materials):
    channels = grid[..., None] == np.arange(materials)
    if not channels.any(axis=-1).all():
        raise IndexError("a block has no material")
    return channels.astype(float)


# %% exercise="onehot_volume" right="through keras.ops.one_hot"
def onehot_volume(grid, materials):
    grid = np.asarray(grid)
    if np.any(grid != np.clip(np.floor(grid), 0, materials - 1)):
        raise IndexError("no such material")
    return keras.ops.one_hot(grid.astype("int32"), materials)


# %% exercise="onehot_volume" right="block by block"
def onehot_volume(grid, materials):
    channels = np.zeros((*np.shape(grid), materials), dtype="float32")
    for place, block in np.ndenumerate(grid):
        if block not in range(materials):
            raise IndexError(f"block {block} at {place}")
        channels[place][int(block)] = 1
    return channels


# %% exercise="onehot_volume" wrong="negative ids wrap around" says="negative ids wrap" earns=1
def onehot_volume(grid, materials):
    return np.eye(materials)[grid]


# %% exercise="onehot_volume" wrong="loses a thin axis" says="to_categorical drops it" earns=1
def onehot_volume(grid, materials):
    if grid.dtype.kind != "i" or ((grid < 0) | (grid >= materials)).any():
        raise IndexError("no such material")
    return keras.utils.to_categorical(grid, materials)


# %% exercise="onehot_volume" wrong="unknown materials become nothing" says="too large" earns=1
def onehot_volume(grid, materials):
    return keras.ops.one_hot(grid, materials)


# %% exercise="onehot_volume" wrong="1.5 is rounded down" says="1.5 is not a material" earns=1
def onehot_volume(grid, materials):
    grid = grid.astype(int)
    if ((grid < 0) | (grid >= materials)).any():
        raise IndexError("no such material")
    return np.eye(materials)[grid]


# %% exercise="onehot_volume" wrong="materials first" says="channels last"
def onehot_volume(grid, materials):
    if not np.isin(grid, np.arange(materials)).all():
        raise IndexError("no such material")
    return np.stack([(grid == m).astype(float) for m in range(materials)])


# %% exercise="onehot_volume" wrong="flattens the grid" says="keep its axes"
def onehot_volume(grid, materials):
    if not np.isin(grid, np.arange(materials)).all():
        raise IndexError("no such material")
    return np.eye(materials)[grid.ravel()]


# %% exercise="onehot_volume" wrong="truth values instead of floats" says="floats" earns=1
def onehot_volume(grid, materials):
    if not np.isin(grid, np.arange(materials)).all():
        raise IndexError("no such material")
    return grid[..., None] == np.arange(materials)


# %% exercise="onehot_volume" wrong="subtracts in place" says="changed the grid" earns=1
def onehot_volume(grid, materials):
    if not np.isin(grid, np.arange(materials)).all():
        raise IndexError("no such material")
    channels = np.zeros(grid.shape + (materials,))
    for m in range(materials):
        channels[..., m] = grid == 0
        grid -= grid.dtype.type(1)
    return channels


# %% exercise="onehot_volume" wrong="materials read off the grid" says="does not occur in" earns=1
def onehot_volume(grid, materials):
    if not np.isin(grid, np.arange(materials)).all():
        raise IndexError("no such material")
    return np.eye(grid.max() + 1)[grid]


# %% exercise="voxel_classifier" right="Sequential with Flatten and a softmax"
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Embedding(materials, dim),
            keras.layers.Conv3D(4, 2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, activation="sigmoid"),
        ]
    )


# %% exercise="voxel_classifier" right="one-hot channels times a dense table"
def voxel_classifier(materials, dim, shape, classes):
    grid = keras.Input(shape, dtype="int32")
    onehot = keras.layers.Lambda(lambda ids: keras.ops.one_hot(ids, materials))(grid)
    x = keras.layers.Dense(dim, use_bias=False)(onehot)
    x = keras.layers.Conv3D(6, 3, activation="tanh")(x)
    x = keras.layers.GlobalAveragePooling3D()(x)
    return keras.Model(grid, keras.layers.Dense(classes)(x))


# %% exercise="voxel_classifier" right="a subclass with two convolutions"
class Rooms(keras.Model):
    def __init__(self, materials, dim, classes):
        super().__init__()
        self.embed = keras.layers.Embedding(materials, dim)
        self.near = keras.layers.Conv3D(6, 3, padding="same", activation="elu")
        self.far = keras.layers.Conv3D(6, 3, padding="same", activation="elu")
        self.pool = keras.layers.GlobalAveragePooling3D()
        self.score = keras.layers.Dense(classes)

    def call(self, grid):
        return self.score(self.pool(self.far(self.near(self.embed(grid)))))


def voxel_classifier(materials, dim, shape, classes):
    return Rooms(materials, dim, classes)


# %% exercise="voxel_classifier" wrong="float ids go in as quantities" says="quantities"
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Reshape((*shape, 1)),
            keras.layers.Conv3D(8, 3, padding="same", activation="relu"),
            keras.layers.GlobalMaxPooling3D(),
            keras.layers.Dense(classes),
        ]
    )


# %% exercise="voxel_classifier" wrong="missing channel axis" says="channel axis is missing"
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv3D(8, 3, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(classes),
        ]
    )


# %% exercise="voxel_classifier" wrong="a channel axis on the ids as well" says="one axis too many"
def voxel_classifier(materials, dim, shape, classes):
    grid = keras.Input((*shape, 1), dtype="int32")
    x = keras.layers.Embedding(materials, dim)(grid)
    x = keras.layers.Conv3D(8, 3, padding="same", activation="relu")(x)
    return keras.Model(grid, keras.layers.Dense(classes)(keras.layers.Flatten()(x)))


# %% exercise="voxel_classifier" wrong="embedding and raw ids" says="ids are names" earns=1
def voxel_classifier(materials, dim, shape, classes):
    grid = keras.Input(shape)
    x = keras.layers.Embedding(materials, dim)(grid)
    x = keras.layers.Conv3D(8, 3, padding="same", activation="relu")(x)
    raw = keras.layers.Reshape((*shape, 1))(grid)
    raw = keras.layers.Conv3D(dim, 3, padding="same", activation="relu")(raw)
    x = keras.layers.Concatenate()([x, raw])
    return keras.Model(grid, keras.layers.Dense(classes)(keras.layers.Flatten()(x)))


# %% exercise="voxel_classifier" wrong="no convolution" says="No 3-D convolution"
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Embedding(materials, dim),
            keras.layers.Flatten(),
            keras.layers.Dense(classes),
        ]
    )


# %% exercise="voxel_classifier" wrong="a kernel of size 1" says="neighbours" earns=1
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Embedding(materials, dim),
            keras.layers.Conv3D(8, 1, activation="relu"),
            keras.layers.GlobalAveragePooling3D(),
            keras.layers.Dense(classes),
        ]
    )


# %% exercise="voxel_classifier" wrong="a frozen table" says="frozen" earns=2
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Embedding(materials, dim, trainable=False),
            keras.layers.Conv3D(8, 3, padding="same", activation="relu"),
            keras.layers.GlobalAveragePooling3D(),
            keras.layers.Dense(classes),
        ]
    )


# %% exercise="voxel_classifier" wrong="a hard step at the end" says="differentiable" earns=2
def voxel_classifier(materials, dim, shape, classes):
    grid = keras.Input(shape)
    x = keras.layers.Embedding(materials, dim)(grid)
    x = keras.layers.Conv3D(8, 3, padding="same", activation="relu")(x)
    x = keras.layers.Dense(classes)(keras.layers.Flatten()(x))
    return keras.Model(grid, keras.ops.round(100 * x))


# %% exercise="voxel_classifier" wrong="scores for every block" says="(3, 2)"
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Embedding(materials, dim),
            keras.layers.Conv3D(classes, 3, padding="same"),
        ]
    )


# %% exercise="voxel_classifier" wrong="the visible sizes by heart" says="all four arguments"
def voxel_classifier(materials, dim, shape, classes):
    return keras.Sequential(
        [
            keras.Input((4, 4, 4)),
            keras.layers.Embedding(7, 5),
            keras.layers.Conv3D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ]
    )
