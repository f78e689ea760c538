# %% [markdown]
# # Answers to Lab 1
# Other right answers, and the wrong ones that students really write.

# %% exercise="lookup" right="through np.take"
def lookup(table, ids):
    ids = np.asarray(ids)
    if ids.size and (ids.min() < 0 or ids.max() >= table.shape[0]):
        raise IndexError("no such row")
    return np.take(table, ids, axis=0)

# %% exercise="lookup" right="through a one-hot product in float64"
def lookup(table, ids):
    if np.any(np.asarray(ids) < 0):
        raise IndexError("negative id")
    return np.eye(len(table))[ids] @ table

# %% exercise="lookup" right="by recursion over lists"
def lookup(table, ids):
    ids = np.asarray(ids)
    if ids.ndim == 0:
        if ids != int(ids) or not 0 <= ids < len(table):
            raise IndexError(f"id {ids} names no row")
        return table[int(ids)].copy()
    if len(ids) == 0:
        return np.zeros(ids.shape + table.shape[1:], table.dtype)
    return np.stack([lookup(table, part) for part in ids])

# %% exercise="lookup" right="flattens, loops, and restores the shape"
def lookup(table, ids):
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise TypeError("ids must be integers")
    rows = np.empty((ids.size, table.shape[1]))
    for place, i in enumerate(ids.ravel()):
        if i < 0:
            raise IndexError("negative id")
        rows[place] = table[i]
    return rows.reshape(*ids.shape, table.shape[1])

# %% exercise="lookup" wrong="negative ids wrap around" says="negative" earns=1
def lookup(table, ids):
    return table[ids]

# %% exercise="lookup" wrong="only the lower end is guarded, by a modulo" says="wrapping" earns=1
def lookup(table, ids):
    ids = np.asarray(ids)
    if np.any(ids < 0):
        raise IndexError("negative id")
    return table[ids % len(table)]

# %% exercise="lookup" wrong="clips ids from above" says="clipping" earns=1
def lookup(table, ids):
    ids = np.asarray(ids)
    if np.any(ids < 0):
        raise IndexError("negative id")
    return np.take(table, ids, axis=0, mode="clip")

# %% exercise="lookup" wrong="float ids are truncated" says="truncated" earns=1
def lookup(table, ids):
    ids = np.asarray(ids).astype(int)
    if np.any((ids < 0) | (ids >= len(table))):
        raise IndexError("no such row")
    return table[ids]

# %% exercise="lookup" wrong="flattens the batch" says="flattening" earns=1
def lookup(table, ids):
    ids = np.asarray(ids)
    if np.any((ids < 0) | (ids >= len(table))):
        raise IndexError("no such row")
    return table[ids].reshape(-1, table.shape[1]) if ids.ndim else table[ids]

# %% exercise="lookup" wrong="flattens even one id, with an axis too many" says="no axis of its own"
def lookup(table, ids):
    ids = np.ravel(ids)
    if np.any((ids < 0) | (ids >= len(table))):
        raise IndexError("no such row")
    return table[ids]

# %% exercise="lookup" wrong="counts rows from one" says="counting from 0"
def lookup(table, ids):
    ids = np.asarray(ids) - 1
    if np.any((ids < 0) | (ids >= len(table))):
        raise IndexError("no such row")
    return table[ids]

# %% exercise="lookup" wrong="a list of rows" says="it returned list"
def lookup(table, ids):
    if isinstance(ids, int):
        return table[ids]
    return [lookup(table, i) for i in ids]

# %% exercise="lookup" wrong="the smallest id of an empty batch" says="empty" earns=1
def lookup(table, ids):
    ids = np.asarray(ids)
    if ids.min() < 0 or ids.max() >= len(table):
        raise IndexError("no such row")
    return table[ids]

# %% exercise="lookup" wrong="reads the notebook's own table" says="argument" earns=1
def lookup(table, ids):
    ids = np.asarray(ids)
    if np.any((ids < 0) | (ids >= vocab_size)):
        raise IndexError("no such row")
    return embedding_matrix[ids]

# %% exercise="lookup" wrong="hard-codes the visible rows" says="shape (2, 2, 4)" earns=1
def lookup(table, ids):
    rows = {3: [12, 13, 14, 15], 0: [0, 1, 2, 3], 9: [36, 37, 38, 39]}
    if isinstance(ids, int):
        return np.array(rows[ids])
    return np.array([rows[3], rows[0], rows[9]])

# %% exercise="lookup" wrong="clears the rows it does not need" says="changed the table"
def lookup(table, ids):
    ids = np.asarray(ids)
    if np.any((ids < 0) | (ids >= len(table))):
        raise IndexError("no such row")
    unused = np.ones(len(table), dtype=bool)
    unused[ids] = False
    table[unused] = 0
    return table[ids]

# %% exercise="lookup" wrong="a ValueError instead" says="it raised ValueError" earns=1
def lookup(table, ids):
    ids = np.asarray(ids)
    if np.any((ids < 0) | (ids >= len(table))):
        raise ValueError("no such row")
    return table[ids]

# %% exercise="onehot_encode" right="rows of an identity"
def onehot_encode(dim, labels):
    labels = np.array(labels)
    if (labels < 0).any():
        raise IndexError("negative label")
    return np.eye(dim, dtype=np.float32)[labels]

# %% exercise="onehot_encode" right="zeros, then ones written in place"
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    flat = labels.reshape(labels.size).astype(np.int64)
    if any(label < 0 for label in flat):
        raise IndexError("negative label")
    vectors = np.zeros((flat.size, dim), np.float32)
    vectors[np.arange(flat.size), flat] = 1
    return vectors.reshape(labels.shape + (dim,))

# %% exercise="onehot_encode" right="np.put_along_axis"
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    if np.any(labels != np.clip(labels, 0, dim - 1)):
        raise IndexError("label out of range")
    vectors = np.zeros((*labels.shape, dim), dtype="float32")
    np.put_along_axis(vectors, labels[..., np.newaxis], 1.0, axis=-1)
    return vectors

# %% exercise="onehot_encode" wrong="negative labels wrap" says="negative" earns=1
def onehot_encode(dim, labels):
    return np.eye(dim, dtype=np.float32)[labels]

# %% exercise="onehot_encode" wrong="only scalars work" says="scalars only" earns=1
def onehot_encode(dim, labels):
    if np.any(np.asarray(labels) < 0):
        raise IndexError("negative label")
    vector = np.zeros(dim, dtype=np.float32)
    vector[labels] = 1
    return vector

# %% exercise="onehot_encode" wrong="float64" says="float64" earns=2
def onehot_encode(dim, labels):
    if np.any(np.asarray(labels) < 0):
        raise IndexError("negative label")
    return np.eye(dim)[labels]

# %% exercise="onehot_encode" wrong="the seed's one line" says="negative"
def onehot_encode(dim, labels):
    return np.eye(dim)[labels]

# %% exercise="onehot_encode" wrong="labels outside become zeros" says="negative" earns=1
def onehot_encode(dim, labels):
    return (np.asarray(labels)[..., None] == np.arange(dim)).astype(np.float32)

# %% exercise="onehot_encode" wrong="zeros for labels too large" says="vector of zeros" earns=1
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    if np.any(labels < 0):
        raise IndexError("negative label")
    return (labels[..., None] == np.arange(dim)).astype(np.float32)

# %% exercise="onehot_encode" wrong="the argument dim is not used" says="vocab_size is"
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    if np.any((labels < 0) | (labels >= vocab_size)):
        raise IndexError("label out of range")
    return np.eye(vocab_size, dtype=np.float32)[labels]

# %% exercise="onehot_encode" wrong="the new axis comes first" says="one vector for each" earns=1
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    if np.any((labels < 0) | (labels >= dim)):
        raise IndexError("label out of range")
    return (np.arange(dim).reshape((dim,) + (1,) * labels.ndim) == labels).astype(np.float32)

# %% exercise="onehot_encode" wrong="a boolean array" says="it returned bool" earns=2
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    if np.any((labels < 0) | (labels >= dim)):
        raise IndexError("label out of range")
    return labels[..., None] == np.arange(dim)

# %% exercise="onehot_encode" wrong="hard-codes the example" says="one vector for each" earns=1
def onehot_encode(dim, labels):
    return np.array([0, 0, 1, 0], dtype=np.float32)

# %% exercise="onehot_encode" wrong="a list" says="it returned list"
def onehot_encode(dim, labels):
    return [1.0 if place == labels else 0.0 for place in range(dim)]

# %% exercise="onehot_encode" wrong="the smallest label of an empty batch" says="empty" earns=1
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    if labels.min() < 0 or labels.max() >= dim:
        raise IndexError("label out of range")
    return np.eye(dim, dtype=np.float32)[labels]

# %% exercise="onehot_encode" wrong="overwrites the labels" says="changed the labels" earns=1
def onehot_encode(dim, labels):
    labels = np.asarray(labels)
    if np.any((labels < 0) | (labels >= dim)):
        raise IndexError("label out of range")
    vectors = np.zeros(labels.shape + (dim,), dtype=np.float32)
    for place in range(dim):
        vectors[..., place] = labels == 0
        labels -= 1
    return vectors

# %% exercise="lookup_by_matmul" right="einsum"
def lookup_by_matmul(table, ids):
    return np.einsum("...v,vd->...d", onehot_encode(table.shape[0], ids), table)

# %% exercise="lookup_by_matmul" right="np.dot"
def lookup_by_matmul(table, ids):
    return np.dot(onehot_encode(len(table), ids), table)

# %% exercise="lookup_by_matmul" right="one-hot vectors of its own, in float64"
def lookup_by_matmul(table, ids):
    ids = np.asarray(ids)
    vocab, dim = table.shape
    one_hot = np.equal.outer(ids.reshape(ids.size), np.arange(vocab)).astype(float)
    return (one_hot @ table).reshape(ids.shape + (dim,))

# %% exercise="lookup_by_matmul" right="scale every row and add up, in a loop"
def lookup_by_matmul(table, ids):
    one_hot = onehot_encode(len(table), ids)
    total = np.zeros(one_hot.shape[:-1] + (table.shape[1],))
    for i in range(len(table)):
        total += one_hot[..., i, None] * table[i]
    return total

# %% exercise="lookup_by_matmul" right="transposed twice"
def lookup_by_matmul(table, ids):
    one_hot = onehot_encode(len(table), ids)
    flat = one_hot.reshape(-1, len(table)) if one_hot.size else np.zeros((0, len(table)))
    return (table.T @ flat.T).T.reshape(one_hot.shape[:-1] + (table.shape[1],))

# %% exercise="lookup_by_matmul" wrong="factors in the other order" says="transposed"
def lookup_by_matmul(table, ids):
    return table @ onehot_encode(len(table), ids)

# %% exercise="lookup_by_matmul" wrong="table transposed" says="transposed"
def lookup_by_matmul(table, ids):
    return onehot_encode(len(table), ids) @ table.T

# %% exercise="lookup_by_matmul" wrong="dim comes first" says="wrong order"
def lookup_by_matmul(table, ids):
    return np.tensordot(table, onehot_encode(len(table), ids), axes=(0, -1))

# %% exercise="lookup_by_matmul" wrong="dim comes first, through .T" says="wrong order"
def lookup_by_matmul(table, ids):
    return table.T @ onehot_encode(len(table), ids).T

# %% exercise="lookup_by_matmul" wrong="exchanges the axes by .T" says="batch are exchanged" earns=1
def lookup_by_matmul(table, ids):
    return np.tensordot(table, onehot_encode(len(table), ids), axes=(0, -1)).T

# %% exercise="lookup_by_matmul" wrong="a lookup in disguise" says="not a product" earns=1
def lookup_by_matmul(table, ids):
    return table[onehot_encode(len(table), ids).argmax(axis=-1)]

# %% exercise="lookup_by_matmul" wrong="flattens the batch" says="axes of the ids" earns=1
def lookup_by_matmul(table, ids):
    one_hot = onehot_encode(len(table), np.ravel(ids))
    return one_hot @ table if np.ndim(ids) else table.T @ one_hot[0]

# %% exercise="lookup_by_matmul" wrong="leans on vocab_size" says="take vocab from the argument"
def lookup_by_matmul(table, ids):
    return onehot_encode(vocab_size, ids) @ table

# %% exercise="lookup_by_matmul" wrong="hard-codes one table" says="Rows 3, 3 and 0, 9" earns=1
def lookup_by_matmul(table, ids):
    if len(table) == 3:
        return onehot_encode(3, ids) @ np.arange(9.0).reshape(3, 3)
    return np.zeros(np.shape(ids) + (4,))

# %% exercise="lookup_by_matmul" wrong="centres the table in place first" says="Row 1 of"
def lookup_by_matmul(table, ids):
    table -= table.mean(axis=0)
    return onehot_encode(len(table), ids) @ table

# %% exercise="lookup_by_matmul" wrong="leaves the table sorted" says="changed the table" earns=1
def lookup_by_matmul(table, ids):
    rows = onehot_encode(len(table), ids) @ table
    table.sort(axis=0)
    return rows

# %% exercise="lookup_by_matmul" wrong="without the sum" says="expected shape"
def lookup_by_matmul(table, ids):
    return (onehot_encode(len(table), ids)[..., None] * table)

# %% exercise="matmul_cost" right="by counting shapes"
def matmul_cost(n, vocab, dim):
    results, terms = n * dim, vocab
    return results * terms, np.dtype("float32").itemsize * n * vocab

# %% exercise="matmul_cost" right="bits divided by eight, as a list"
def matmul_cost(n, vocab, dim):
    return [dim * vocab * n, n * vocab * 32 // 8]

# %% exercise="matmul_cost" wrong="counts multiply and add apart" says="twice too many" earns=1
def matmul_cost(n, vocab, dim):
    return 2 * n * vocab * dim, 4 * n * vocab

# %% exercise="matmul_cost" wrong="forgets n" says="Where is n"
def matmul_cost(n, vocab, dim):
    return vocab * dim, 4 * vocab

# %% exercise="matmul_cost" wrong="forgets n in the first number" says="enough for one id" earns=1
def matmul_cost(n, vocab, dim):
    return vocab * dim, 4 * n * vocab

# %% exercise="matmul_cost" wrong="bits for bytes" says="bits" earns=1
def matmul_cost(n, vocab, dim):
    return n * vocab * dim, 32 * n * vocab

# %% exercise="matmul_cost" wrong="bytes of float64" says="float64" earns=1
def matmul_cost(n, vocab, dim):
    return n * vocab * dim, 8 * n * vocab

# %% exercise="matmul_cost" wrong="numbers for bytes" says="how many numbers" earns=1
def matmul_cost(n, vocab, dim):
    return n * vocab * dim, n * vocab

# %% exercise="matmul_cost" wrong="bytes of the table" says="size of the table" earns=1
def matmul_cost(n, vocab, dim):
    return n * vocab * dim, 4 * vocab * dim

# %% exercise="matmul_cost" wrong="swapped" says="swapped"
def matmul_cost(n, vocab, dim):
    return 4 * n * vocab, n * vocab * dim

# %% exercise="matmul_cost" wrong="one number" says="a pair"
def matmul_cost(n, vocab, dim):
    return n * vocab * dim

# %% exercise="matmul_cost" wrong="hard-codes the visible example" says="follow from"
def matmul_cost(n, vocab, dim):
    return 60, 80

# %% exercise="matmul_cost" wrong="reads the notebook's own sizes" says="should count 60"
def matmul_cost(n, vocab, dim):
    return n * vocab_size * embedding_size, n * vocab_size * 4

# %% exercise="table_gradient" right="product with the transposed one-hot matrix"
def table_gradient(vocab, ids, upstream):
    ids = np.asarray(ids)
    one_hot = (ids.reshape(ids.size, 1) == np.arange(vocab)).astype(np.float32)
    return one_hot.T @ upstream.reshape(ids.size, upstream.shape[-1])

# %% exercise="table_gradient" right="a loop over the places"
def table_gradient(vocab, ids, upstream):
    gradient = np.zeros((vocab, upstream.shape[-1]))
    ids = np.asarray(ids)
    for place in np.ndindex(ids.shape):
        gradient[ids[place]] += upstream[place]
    return gradient

# %% exercise="table_gradient" right="a loop over the rows of the table"
def table_gradient(vocab, ids, upstream):
    ids = np.asarray(ids)
    return np.stack([upstream[ids == row].sum(axis=0) for row in range(vocab)])

# %% exercise="table_gradient" right="np.bincount for each column"
def table_gradient(vocab, ids, upstream):
    flat = np.asarray(ids).ravel()
    columns = [np.bincount(flat, weights=upstream[..., d].ravel(), minlength=vocab)
               for d in range(upstream.shape[-1])]
    return np.array(columns).T

# %% exercise="table_gradient" right="tensordot in float32"
def table_gradient(vocab, ids, upstream):
    one_hot = (np.asarray(ids)[..., None] == np.arange(vocab)).astype(np.float32)
    places = list(range(np.ndim(ids)))
    return np.tensordot(one_hot, upstream.astype(np.float32), axes=(places, places))

# %% exercise="table_gradient" wrong="grad[ids] += loses duplicates" says="duplicates are lost"
def table_gradient(vocab, ids, upstream):
    gradient = np.zeros((vocab, upstream.shape[-1]))
    gradient[ids] += upstream
    return gradient

# %% exercise="table_gradient" wrong="grad[ids] = keeps one" says="duplicates are lost"
def table_gradient(vocab, ids, upstream):
    gradient = np.zeros((vocab, upstream.shape[-1]))
    gradient[ids] = upstream
    return gradient

# %% exercise="table_gradient" wrong="keeps the first use" says="first contribution alone"
def table_gradient(vocab, ids, upstream):
    ids = np.asarray(ids)
    rows, places = np.unique(ids, return_index=True)
    gradient = np.zeros((vocab, upstream.shape[-1]))
    gradient[rows] = upstream.reshape(ids.size, upstream.shape[-1])[places]
    return gradient

# %% exercise="table_gradient" wrong="the mean of the uses" says="mean of the contributions"
def table_gradient(vocab, ids, upstream):
    ids = np.asarray(ids)
    flat = ids.reshape(ids.size)
    gradient = np.zeros((vocab, upstream.shape[-1]))
    np.add.at(gradient, flat, upstream.reshape(ids.size, upstream.shape[-1]))
    return gradient / np.maximum(np.bincount(flat, minlength=vocab), 1)[:, None]

# %% exercise="table_gradient" wrong="one axis of ids only" says="a batch" earns=2
def table_gradient(vocab, ids, upstream):
    one_hot = np.asarray(ids)[:, None] == np.arange(vocab)
    return one_hot.astype(float).T @ upstream

# %% exercise="table_gradient" wrong="loops over the sentences of a batch" says="a batch" earns=2
def table_gradient(vocab, ids, upstream):
    gradient = np.zeros((vocab, upstream.shape[-1]))
    for row, push in zip(ids, upstream):
        gradient[row] += push
    return gradient

# %% exercise="table_gradient" wrong="the shape of the batch" says="shape of the table"
def table_gradient(vocab, ids, upstream):
    return np.array(upstream)

# %% exercise="table_gradient" wrong="only the rows that were used" says="not used included"
def table_gradient(vocab, ids, upstream):
    gradient = np.zeros((max(ids) + 1 if max(ids) < vocab - 1 else vocab - 1, upstream.shape[-1]))
    np.add.at(gradient, np.minimum(ids, len(gradient) - 1), upstream)
    return gradient

# %% exercise="table_gradient" wrong="leans on embedding_matrix" says="number of rows from `vocab`"
def table_gradient(vocab, ids, upstream):
    gradient = np.zeros_like(embedding_matrix)
    np.add.at(gradient, ids, upstream)
    return gradient

# %% exercise="table_gradient" wrong="adds up inside upstream" says="changed the upstream" earns=2
def table_gradient(vocab, ids, upstream):
    ids = np.asarray(ids)
    flat, pushes = ids.reshape(ids.size), upstream.reshape(ids.size, upstream.shape[-1])
    gradient = np.zeros((vocab, upstream.shape[-1]))
    for place, row in enumerate(flat):
        pushes[place] += gradient[row]
        gradient[row] = pushes[place]
    return gradient

# %% exercise="table_gradient" wrong="hard-codes the visible examples" says="argument"
def table_gradient(vocab, ids, upstream):
    if list(ids) == [4, 0, 2]:
        return np.array([[10, 20], [0, 0], [100, 200], [0, 0], [1, 2]])
    return np.array([[10, 20], [0, 0], [0, 0], [101, 202], [0, 0]])

# %% exercise="table_gradient" wrong="an integer array for the sums" says="not the sum"
def table_gradient(vocab, ids, upstream):
    ids = np.asarray(ids)
    gradient = np.zeros((vocab, upstream.shape[-1]), dtype=int)
    for place in np.ndindex(ids.shape):
        gradient[ids[place]] += upstream[place].astype(int)
    return gradient
