# The answer bank of Lab 4: other right answers, and the wrong ones that students really write.

# %% exercise="onehot_lookup" right="rows of an identity matrix, made by einsum"
def onehot_lookup(embedding, ids):
    vocab = embedding.weight.shape[0]
    onehot = (ids.unsqueeze(-1) == torch.arange(vocab)).float()
    return torch.einsum("...v,vd->...d", onehot, embedding.weight)

# %% exercise="onehot_lookup" right="transposed on both sides, as in a lecture"
def onehot_lookup(embedding, ids):
    flat = ids.reshape(-1)
    columns = F.one_hot(flat, embedding.num_embeddings).float().T
    rows = (embedding.weight.T @ columns).T
    return rows.reshape(*ids.shape, embedding.embedding_dim)

# %% exercise="onehot_lookup" right="a linear layer without bias"
def onehot_lookup(embedding, ids):
    onehot = torch.zeros(*ids.shape, embedding.num_embeddings)
    onehot.scatter_(-1, ids.unsqueeze(-1), 1.0)
    return F.linear(onehot, embedding.weight.T)

# %% exercise="onehot_lookup" right="broadcast product and a sum"
def onehot_lookup(embedding, ids):
    onehot = F.one_hot(ids, embedding.num_embeddings)
    return (onehot.unsqueeze(-1) * embedding.weight).sum(dim=-2)

# %% exercise="onehot_lookup" wrong="integer one-hot in a product" says="integer dtype"
def onehot_lookup(embedding, ids):
    return F.one_hot(ids, embedding.num_embeddings) @ embedding.weight

# %% exercise="onehot_lookup" wrong="the table as integers, to suit the one-hot" says="float32"
def onehot_lookup(embedding, ids):
    return F.one_hot(ids, embedding.num_embeddings) @ embedding.weight.long()

# %% exercise="onehot_lookup" wrong="detached, the gradient does not reach the table" says="cut off from autograd" earns=1
def onehot_lookup(embedding, ids):
    onehot = F.one_hot(ids, embedding.num_embeddings).float()
    return onehot @ embedding.weight.detach()

# %% exercise="onehot_lookup" wrong="a new tensor made of the result" says="cut off from autograd" earns=1
def onehot_lookup(embedding, ids):
    onehot = F.one_hot(ids, embedding.num_embeddings).float()
    rows = (onehot @ embedding.weight).tolist()
    return torch.tensor(rows).reshape(*ids.shape, embedding.weight.shape[1])

# %% exercise="onehot_lookup" wrong="table transposed, seen at once" says="table is transposed"
def onehot_lookup(embedding, ids):
    return F.one_hot(ids, embedding.num_embeddings).float() @ embedding.weight.T

# %% exercise="onehot_lookup" wrong="table transposed whenever it fits" says="transposed" earns=2
def onehot_lookup(embedding, ids):
    onehot = F.one_hot(ids, embedding.num_embeddings).float()
    weight = embedding.weight
    if weight.shape[0] == weight.shape[1]:
        weight = weight.T
    return onehot @ weight

# %% exercise="onehot_lookup" wrong="result left as columns" says="wrong way round, or transposed"
def onehot_lookup(embedding, ids):
    return embedding.weight.T @ F.one_hot(ids, embedding.num_embeddings).float().T

# %% exercise="onehot_lookup" wrong="number of classes guessed from the ids" says="lacks columns"
def onehot_lookup(embedding, ids):
    return F.one_hot(ids).float() @ embedding.weight

# %% exercise="onehot_lookup" wrong="flattens the batch" says="the shape of the ids, and dim at the end"
def onehot_lookup(embedding, ids):
    onehot = F.one_hot(ids.reshape(-1), embedding.num_embeddings).float()
    return onehot @ embedding.weight

# %% exercise="onehot_lookup" wrong="just calls the layer" says="looked up, not multiplied" earns=1
def onehot_lookup(embedding, ids):
    return embedding(ids)

# %% exercise="onehot_lookup" wrong="indexes the weight" says="looked up, not multiplied" earns=1
def onehot_lookup(embedding, ids):
    return embedding.weight[ids]

# %% exercise="onehot_lookup" wrong="hard-codes the visible example" says="random 4 × 4 table"
def onehot_lookup(embedding, ids):
    return torch.tensor([[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]])

# %% exercise="build_vocab" right="dict.fromkeys keeps the order"
def build_vocab(tokens, unk="<unk>"):
    return {token: index for index, token in enumerate(dict.fromkeys([unk, *tokens]))}

# %% exercise="build_vocab" right="a list of the words seen"
def build_vocab(tokens, unk="<unk>"):
    seen = [unk]
    for token in tokens:
        if token not in seen:
            seen.append(token)
    return dict(zip(seen, range(len(seen))))

# %% exercise="build_vocab" right="setdefault with the length"
def build_vocab(tokens, unk="<unk>"):
    vocab = {}
    vocab.setdefault(unk, 0)
    for token in tokens:
        vocab.setdefault(token, len(vocab))
    return vocab

# %% exercise="build_vocab" wrong="built from a set" says="built from a set"
def build_vocab(tokens, unk="<unk>"):
    vocab = {unk: 0}
    # a set with an order of its own, whatever this process's hashes are
    for token in sorted(set(tokens), key=lambda t: t[::-1]):
        vocab[token] = len(vocab)
    return vocab

# %% exercise="build_vocab" wrong="starts at 0 without the unknown token" says="no row for words it has never seen"
def build_vocab(tokens, unk="<unk>"):
    vocab = {}
    for token in tokens:
        if token not in vocab:
            vocab[token] = len(vocab)
    return vocab

# %% exercise="build_vocab" wrong="the unknown token comes last" says="should have id 0"
def build_vocab(tokens, unk="<unk>"):
    vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    vocab[unk] = len(vocab)
    return vocab

# %% exercise="build_vocab" wrong="sorted by the alphabet" says="alphabetical order"
def build_vocab(tokens, unk="<unk>"):
    return {unk: 0, **{token: index for index, token in enumerate(sorted(set(tokens)), 1)}}

# %% exercise="build_vocab" wrong="every token uses up an id" says="repeated token"
def build_vocab(tokens, unk="<unk>"):
    vocab = {unk: 0}
    for index, token in enumerate(tokens, 1):
        vocab.setdefault(token, index)
    return vocab

# %% exercise="build_vocab" wrong="a list instead of a dict" says="should return a dict"
def build_vocab(tokens, unk="<unk>"):
    return list(dict.fromkeys([unk, *tokens]))

# %% exercise="build_vocab" wrong="the name of the unknown token is written in" says="instead of the argument unk" earns=1
def build_vocab(tokens, unk="<unk>"):
    vocab = {"<unk>": 0}
    for token in tokens:
        if token not in vocab:
            vocab[token] = len(vocab)
    return vocab

# %% exercise="build_vocab" wrong="changes the list of tokens" says="list of tokens was changed" earns=1
def build_vocab(tokens, unk="<unk>"):
    tokens.insert(0, unk)
    return {token: index for index, token in enumerate(dict.fromkeys(tokens))}

# %% exercise="build_vocab" wrong="a second entry for an unknown token in the text" says="keeps the id 0" earns=1
def build_vocab(tokens, unk="<unk>"):
    return {unk: 0, **{token: index for index, token in enumerate(dict.fromkeys(tokens), 1)}}

# %% exercise="build_vocab" wrong="the vocabulary is a global that is never emptied" says="150 random tokens"
collected = {}

def build_vocab(tokens, unk="<unk>"):
    collected.setdefault(unk, 0)
    for token in tokens:
        collected.setdefault(token, len(collected))
    return dict(collected)

# %% exercise="build_vocab" wrong="hard-codes the sentence" says="150 random tokens"
def build_vocab(tokens, unk="<unk>"):
    vocab = {"<unk>": 0, "it": 1, "was": 2, "the": 3, "best": 4, "of": 5, "times": 6, "worst": 7}
    return vocab if tokens else {unk: 0}

# %% exercise="encode" right="a loop into a tensor of zeros"
def encode(tokens, vocab):
    ids = torch.zeros(len(tokens), dtype=torch.long)
    for position, token in enumerate(tokens):
        if token in vocab:
            ids[position] = vocab[token]
    return ids

# %% exercise="encode" right="through NumPy"
def encode(tokens, vocab):
    unknown = vocab["<unk>"]
    return torch.from_numpy(np.array([vocab.get(t, unknown) for t in tokens], dtype=np.int64))

# %% exercise="encode" right="LongTensor"
def encode(tokens, vocab):
    return torch.LongTensor([vocab[t] if t in vocab else vocab["<unk>"] for t in tokens])

# %% exercise="encode" wrong="KeyError for an unknown token" says="KeyError"
def encode(tokens, vocab):
    return torch.tensor([vocab[token] for token in tokens], dtype=torch.int64)

# %% exercise="encode" wrong="int32" says="int64"
def encode(tokens, vocab):
    return torch.tensor([vocab.get(token, 0) for token in tokens], dtype=torch.int32)

# %% exercise="encode" wrong="an empty list gives float32" says="float32 unless" earns=1
def encode(tokens, vocab):
    return torch.tensor([vocab.get(token, 0) for token in tokens])

# %% exercise="encode" wrong="unknown tokens are left out" says="leaving unknown tokens out"
def encode(tokens, vocab):
    return torch.tensor([vocab[token] for token in tokens if token in vocab], dtype=torch.int64)

# %% exercise="encode" wrong="unknown tokens become -1" says="with the id of"
def encode(tokens, vocab):
    return torch.tensor([vocab.get(token, -1) for token in tokens], dtype=torch.int64)

# %% exercise="encode" wrong="unknown tokens get new ids" says="the id of"
def encode(tokens, vocab):
    ids = [vocab.setdefault(token, len(vocab)) for token in tokens]
    return torch.tensor(ids, dtype=torch.int64)

# %% exercise="encode" wrong="notes unknown tokens down in the vocabulary" says="vocabulary grew" earns=1
def encode(tokens, vocab):
    for token in tokens:
        vocab.setdefault(token, vocab["<unk>"])
    return torch.tensor([vocab[token] for token in tokens], dtype=torch.int64)

# %% exercise="encode" wrong="a list" says="should return a tensor"
def encode(tokens, vocab):
    return [vocab.get(token, 0) for token in tokens]

# %% exercise="encode" wrong="the vocabulary of the sentence, not the one passed" says="52 random tokens"
def encode(tokens, vocab):
    words = {word: index for index, word in enumerate(dict.fromkeys(["<unk>", *SENTENCE.split()]))}
    return torch.tensor([words.get(token, 0) for token in tokens], dtype=torch.int64)

# %% exercise="next_token_pairs" right="two long views, then reshape"
def next_token_pairs(ids, seq_len):
    inputs, targets = ids[:-1], ids[1:]
    rows = len(inputs) // seq_len
    return inputs[:rows * seq_len].view(rows, seq_len), targets[:rows * seq_len].view(rows, seq_len)

# %% exercise="next_token_pairs" right="row by row"
def next_token_pairs(ids, seq_len):
    inputs, targets = [], []
    start = 0
    while start + seq_len + 1 <= len(ids):
        inputs.append(ids[start:start + seq_len])
        targets.append(ids[start + 1:start + seq_len + 1])
        start += seq_len
    if not inputs:
        empty = torch.empty(0, seq_len, dtype=ids.dtype)
        return empty, empty.clone()
    return torch.stack(inputs), torch.stack(targets)

# %% exercise="next_token_pairs" right="windows of one more, by unfold"
def next_token_pairs(ids, seq_len):
    if len(ids) <= seq_len:
        return ids.new_empty(0, seq_len), ids.new_empty(0, seq_len)
    windows = ids.unfold(0, seq_len + 1, seq_len)
    return windows[:, :-1], windows[:, 1:]

# %% exercise="next_token_pairs" wrong="targets not shifted" says="not shifted"
def next_token_pairs(ids, seq_len):
    rows = max(len(ids) - 1, 0) // seq_len
    inputs = ids[:rows * seq_len].reshape(rows, seq_len)
    return inputs, inputs.clone()

# %% exercise="next_token_pairs" wrong="off by one: the last target wraps around" says="off by one at the end" earns=1
def next_token_pairs(ids, seq_len):
    rows = len(ids) // seq_len
    used = rows * seq_len
    return ids[:used].reshape(rows, seq_len), torch.roll(ids, -1)[:used].reshape(rows, seq_len)

# %% exercise="next_token_pairs" wrong="off by one: a full row is dropped" says="just enough for 2 rows" earns=1
def next_token_pairs(ids, seq_len):
    rows = max(len(ids) - 2, 0) // seq_len
    used = rows * seq_len
    return ids[:used].reshape(rows, seq_len), ids[1:used + 1].reshape(rows, seq_len)

# %% exercise="next_token_pairs" wrong="shifted within the rows" says="within the rows"
def next_token_pairs(ids, seq_len):
    rows = max(len(ids) - 1, 0) // seq_len
    inputs = ids[:rows * seq_len].reshape(rows, seq_len)
    return inputs, torch.roll(inputs, -1, dims=1)

# %% exercise="next_token_pairs" wrong="shifted the wrong way" says="wrong way round"
def next_token_pairs(ids, seq_len):
    rows = max(len(ids) - 1, 0) // seq_len
    used = rows * seq_len
    return ids[1:used + 1].reshape(rows, seq_len), ids[:used].reshape(rows, seq_len)

# %% exercise="next_token_pairs" wrong="rows overlap by one" says="overlap by one"
def next_token_pairs(ids, seq_len):
    starts = [s for s in range(0, len(ids), max(seq_len - 1, 1)) if s + seq_len < len(ids)]
    starts = starts[:max(len(ids) - 1, 0) // seq_len]
    inputs = [ids[s:s + seq_len] for s in starts]
    targets = [ids[s + 1:s + seq_len + 1] for s in starts]
    return torch.stack(inputs), torch.stack(targets)

# %% exercise="next_token_pairs" wrong="a window at every position" says="shape (2, 5)"
def next_token_pairs(ids, seq_len):
    windows = ids.unfold(0, seq_len + 1, 1)
    return windows[:, :-1], windows[:, 1:]

# %% exercise="next_token_pairs" wrong="counts the rows without the shift, so the last row has no target" says="off by one at the end" earns=1
def next_token_pairs(ids, seq_len):
    used = len(ids) // seq_len * seq_len
    return ids[:used].reshape(-1, seq_len), ids[1:used + 1].reshape(-1, seq_len)

# %% exercise="next_token_pairs" wrong="too short a text fails" says="When the text is too short" earns=1
def next_token_pairs(ids, seq_len):
    rows = (len(ids) - 1) // seq_len
    inputs = [ids[r * seq_len:(r + 1) * seq_len] for r in range(rows)]
    targets = [ids[r * seq_len + 1:(r + 1) * seq_len + 1] for r in range(rows)]
    return torch.stack(inputs), torch.stack(targets)

# %% exercise="next_token_pairs" wrong="hard-codes the visible example" says="38 random ids"
def next_token_pairs(ids, seq_len):
    return torch.arange(10, 20).reshape(2, 5), torch.arange(11, 21).reshape(2, 5)

# %% exercise="next_token_pairs" wrong="makes the targets in the caller's tensor" says="have been changed" earns=2
def next_token_pairs(ids, seq_len):
    rows = max(len(ids) - 1, 0) // seq_len
    inputs = ids[:rows * seq_len].clone().reshape(rows, seq_len)
    if len(ids) > 1:
        ids[:-1] = ids[1:].clone()
    return inputs, ids[:rows * seq_len].reshape(rows, seq_len)

# %% exercise="sgd_step" right="by a loop over the copies"
def sgd_step(weight, ids, upstream, lr):
    new = weight.clone()
    for i, u in zip(ids.reshape(-1).tolist(), upstream.reshape(-1, weight.shape[1])):
        new[i] = new[i] - lr * u
    return new

# %% exercise="sgd_step" right="the transposed one-hot product"
def sgd_step(weight, ids, upstream, lr):
    onehot = F.one_hot(ids.reshape(-1), weight.shape[0]).to(weight.dtype)
    return weight - lr * onehot.T @ upstream.reshape(-1, weight.shape[1])

# %% exercise="sgd_step" right="autograd and an optimiser"
def sgd_step(weight, ids, upstream, lr):
    layer = nn.Embedding.from_pretrained(weight.clone(), freeze=False)
    layer(ids).backward(upstream)
    torch.optim.SGD(layer.parameters(), lr=lr).step()
    return layer.weight.detach()

# %% exercise="sgd_step" right="index_put with accumulation"
def sgd_step(weight, ids, upstream, lr):
    return weight.index_put((ids,), -lr * upstream, accumulate=True)

# %% exercise="sgd_step" right="np.add.at"
def sgd_step(weight, ids, upstream, lr):
    new = weight.numpy().copy()
    np.subtract.at(new, ids.numpy(), lr * upstream.numpy())
    return torch.from_numpy(new)

# %% exercise="sgd_step" wrong="in-place" says="in-place"
def sgd_step(weight, ids, upstream, lr):
    return weight.index_add_(0, ids.reshape(-1), upstream.reshape(-1, weight.shape[1]), alpha=-lr)

# %% exercise="sgd_step" wrong="a second name is not a second table" says="in-place"
def sgd_step(weight, ids, upstream, lr):
    new = weight
    for i, u in zip(ids.reshape(-1).tolist(), upstream.reshape(-1, weight.shape[1])):
        new[i] -= lr * u
    return new

# %% exercise="sgd_step" wrong="duplicates lost" says="a duplicate was lost" earns=1
def sgd_step(weight, ids, upstream, lr):
    new = weight.clone()
    new[ids] -= lr * upstream
    return new

# %% exercise="sgd_step" wrong="duplicates averaged" says="or averaged" earns=1
def sgd_step(weight, ids, upstream, lr):
    flat = upstream.reshape(-1, weight.shape[1])
    total = torch.zeros_like(weight).index_add_(0, ids.reshape(-1), flat)
    count = torch.bincount(ids.reshape(-1), minlength=len(weight)).clamp(min=1)
    return weight - lr * total / count[:, None]

# %% exercise="sgd_step" wrong="sign" says="wrong sign"
def sgd_step(weight, ids, upstream, lr):
    return weight.index_add(0, ids.reshape(-1), upstream.reshape(-1, weight.shape[1]), alpha=lr)

# %% exercise="sgd_step" wrong="every row moves" says="should not move"
def sgd_step(weight, ids, upstream, lr):
    return weight - lr * upstream.reshape(-1, weight.shape[1]).sum(dim=0)

# %% exercise="sgd_step" wrong="only a flat list of ids" says="Ids may have any shape" earns=1
def sgd_step(weight, ids, upstream, lr):
    return weight.index_add(0, ids, upstream, alpha=-lr)

# %% exercise="sgd_step" wrong="returns the gradient's rows only" says="shape of the old one"
def sgd_step(weight, ids, upstream, lr):
    return weight[ids] - lr * upstream

# %% exercise="sgd_step" wrong="scales the caller's upstream" says="upstream gradient that was passed in"
def sgd_step(weight, ids, upstream, lr):
    upstream.mul_(-lr)
    return weight.index_add(0, ids.reshape(-1), upstream.reshape(-1, weight.shape[1]))

# %% exercise="sgd_step" wrong="forgets the learning rate of the caller" says="random table"
def sgd_step(weight, ids, upstream, lr):
    return weight.index_add(0, ids.reshape(-1), upstream.reshape(-1, weight.shape[1]), alpha=-0.5)

# %% exercise="sgd_step" wrong="hard-codes the visible example" says="random table"
def sgd_step(weight, ids, upstream, lr):
    return torch.tensor([[0.0, 1, 2], [2, 4, 3], [6, 7, 8], [5, 6, 7]])

# %% exercise="from_matrix" right="new layer, copied under no_grad"
def from_matrix(matrix, trainable):
    layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        layer.weight.copy_(matrix)
    layer.weight.requires_grad_(trainable)
    return layer

# %% exercise="from_matrix" right="a parameter made from a clone"
def from_matrix(matrix, trainable):
    vocab, dim = matrix.shape
    layer = nn.Embedding(vocab, dim)
    layer.weight = nn.Parameter(matrix.detach().clone(), requires_grad=trainable)
    return layer

# %% exercise="from_matrix" right="through a state dict"
def from_matrix(matrix, trainable):
    layer = nn.Embedding(*matrix.shape)
    layer.load_state_dict({"weight": matrix})
    return layer.requires_grad_(trainable)

# %% exercise="from_matrix" wrong="frozen by the default of from_pretrained" says="freeze=True is the default"
def from_matrix(matrix, trainable):
    return nn.Embedding.from_pretrained(matrix.clone())

# %% exercise="from_matrix" wrong="freeze means the opposite of trainable" says="frozen"
def from_matrix(matrix, trainable):
    return nn.Embedding.from_pretrained(matrix.clone(), freeze=trainable)

# %% exercise="from_matrix" wrong="shares storage through from_pretrained" says="shares its storage" earns=1
def from_matrix(matrix, trainable):
    return nn.Embedding.from_pretrained(matrix, freeze=not trainable)

# %% exercise="from_matrix" wrong="shares storage through a parameter" says="shares its storage" earns=1
def from_matrix(matrix, trainable):
    layer = nn.Embedding(*matrix.shape)
    layer.weight = nn.Parameter(matrix, requires_grad=trainable)
    return layer

# %% exercise="from_matrix" wrong="random initial numbers" says="random initial"
def from_matrix(matrix, trainable):
    layer = nn.Embedding(*matrix.shape)
    layer.weight.requires_grad_(trainable)
    return layer

# %% exercise="from_matrix" wrong="always trainable" says="should be frozen"
def from_matrix(matrix, trainable):
    return nn.Embedding.from_pretrained(matrix.clone(), freeze=False)

# %% exercise="from_matrix" wrong="height and width swapped" says="swapped"
def from_matrix(matrix, trainable):
    return nn.Embedding.from_pretrained(matrix.T.clone(), freeze=not trainable)

# %% exercise="from_matrix" wrong="a parameter, not a layer" says="nn.Embedding layer"
def from_matrix(matrix, trainable):
    return nn.Parameter(matrix.clone(), requires_grad=trainable)

# %% exercise="from_matrix" wrong="one layer made once, kept in a global" says="earlier call"
kept_layers = {}

def from_matrix(matrix, trainable):
    if trainable not in kept_layers:
        kept_layers[trainable] = nn.Embedding.from_pretrained(matrix.clone(), freeze=not trainable)
    return kept_layers[trainable]
