# %% [markdown]
# # Answers to Lab 7
# Other right answers, and the wrong ones that students really write.

# %% exercise="parse_line" right="split at every space, join the token again"
def parse_line(line, dim):
    parts = line.rstrip("\r\n").split(" ")
    if len(parts) <= dim:
        raise ValueError(f"{parts[0]} has {len(parts) - 1} numbers, not {dim}")
    return " ".join(parts[:-dim]), np.array(parts[-dim:], dtype="float32")

# %% exercise="parse_line" right="one number at a time, from the right"
def parse_line(line, dim):
    token = line[:-1] if line.endswith("\n") else line
    numbers = []
    while len(numbers) < dim:
        token, space, number = token.rpartition(" ")
        if not space:
            raise ValueError(f"too few numbers in the line of {line.split(' ')[0].strip()!r}")
        numbers.insert(0, float(number))
    return [token, np.asarray(numbers, np.float32)]

# %% exercise="parse_line" right="a regular expression"
import re

def parse_line(line, dim):
    found = re.fullmatch(r"(.*)" + r" ([^ ]+)" * dim + r"\n?", line, flags=re.DOTALL)
    if found is None:
        raise ValueError("wrong count of numbers: " + line)
    token, *numbers = found.groups()
    return token, np.array([np.float32(number) for number in numbers])

# %% exercise="parse_line" wrong="split() and the first part" says="Cut from the right"
def parse_line(line, dim):
    token, *numbers = line.split()
    if len(numbers) != dim:
        raise ValueError(f"{token}: {len(numbers)} numbers")
    return token, np.array(numbers, dtype=np.float32)

# %% exercise="parse_line" wrong="split(), last numbers, joined token" says="no-break space inside; split() without an argument" earns=1
def parse_line(line, dim):
    parts = line.split()
    if len(parts) < dim + 1:
        raise ValueError(f"{parts[0]}: {len(parts) - 1} numbers")
    return " ".join(parts[:-dim]), np.array(parts[-dim:], dtype=np.float32)

# %% exercise="parse_line" wrong="strip() eats a no-break space" says="begins with a no-break space" earns=1
def parse_line(line, dim):
    token, *numbers = line.strip().rsplit(" ", dim)
    if len(numbers) != dim:
        raise ValueError(f"{token}: {len(numbers)} numbers")
    return token, np.array(numbers, dtype=np.float32)

# %% exercise="parse_line" wrong="rsplit without an argument for the separator" says="no-break space" earns=1
def parse_line(line, dim):
    token, *numbers = line.rsplit(None, dim)
    if len(numbers) != dim:
        raise ValueError(f"{token}: {len(numbers)} numbers")
    return token.strip(), np.array(numbers, dtype=np.float32)

# %% exercise="parse_line" wrong="nobody counts" says="too few numbers" earns=1
def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", dim)
    return token, np.array([float(number) for number in numbers], dtype=np.float32)

# %% exercise="parse_line" wrong="the error does not name the token" says="name the token" earns=1
def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", dim)
    if len(numbers) != dim:
        raise ValueError("wrong number of values")
    return token, np.array(numbers, dtype=np.float32)

# %% exercise="parse_line" wrong="assert instead of ValueError" says="should raise a ValueError" earns=1
def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", dim)
    assert len(numbers) == dim, token
    return token, np.array(numbers, dtype=np.float32)

# %% exercise="parse_line" wrong="float64" says="should be float32"
def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", dim)
    if len(numbers) != dim:
        raise ValueError(token)
    return token, np.array([float(number) for number in numbers])

# %% exercise="parse_line" wrong="a list of numbers" says="NumPy array; it is list"
def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", dim)
    if len(numbers) != dim:
        raise ValueError(token)
    return token, [float(number) for number in numbers]

# %% exercise="parse_line" wrong="vector first" says="First the token"
def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", dim)
    if len(numbers) != dim:
        raise ValueError(token)
    return np.array(numbers, dtype=np.float32), token

# %% exercise="parse_line" wrong="a field that is no number becomes nan" says="no number" earns=1
def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", dim)
    if len(numbers) != dim:
        raise ValueError(token)
    vector = []
    for number in numbers:
        try:
            vector.append(float(number))
        except ValueError:
            vector.append(np.nan)
    return token, np.array(vector, dtype=np.float32)

# %% exercise="parse_line" wrong="the visible examples, hard-coded" says="too few" earns=1
def parse_line(line, dim):
    if line.startswith("cat"):
        return "cat", np.array([0.5, -1.25, 3], dtype=np.float32)
    return "form 10", np.array([0.51, 0.52, 0.53, 0.54], dtype=np.float32)

# %% exercise="parse_line" wrong="depends on a global width" says="expected a vector of shape (3,)"
width_of_lines = 2

def parse_line(line, dim):
    token, *numbers = line.rstrip("\n").rsplit(" ", width_of_lines)
    if len(numbers) != width_of_lines:
        raise ValueError(token)
    return token, np.array(numbers, dtype=np.float32)

# %% exercise="load_glove" right="self-contained, bytes cut at newlines"
def load_glove(path, dim):
    lines = Path(path).read_bytes().split(b"\n")
    if lines[-1] == b"":
        del lines[-1]
    stoi, vectors = {}, np.empty((len(lines), dim), dtype=np.float32)
    for row, line in enumerate(lines):
        parts = line.decode("utf-8").split(" ")
        if len(parts) <= dim:
            raise ValueError(f"line {row} ({parts[0]!r}) has {len(parts) - 1} numbers")
        vectors[row] = [float(part) for part in parts[len(parts) - dim:]]
        token = " ".join(parts[: len(parts) - dim])
        if token not in stoi:
            stoi[token] = row
    return stoi, vectors

# %% exercise="load_glove" right="last to first, so that the first wins"
def load_glove(path, dim):
    with open(path, encoding="utf-8", newline="\n") as file:
        pairs = [line.rstrip("\n").rsplit(" ", dim) for line in file]
    vectors = np.array([[float(x) for x in pair[1:]] for pair in pairs], dtype=np.float32)
    stoi = {}
    for row in range(len(pairs) - 1, -1, -1):
        stoi[pairs[row][0]] = row
    if vectors.shape != (len(pairs), dim):
        raise ValueError(f"expected {dim} numbers on each line")
    return stoi, vectors

# %% exercise="load_glove" right="through parse_line and vstack"
def load_glove(path, dim):
    stoi, rows = {}, []
    for line in open(path, "r", encoding="utf8"):
        token, vector = parse_line(line, dim)
        if token not in stoi:
            stoi[token] = len(rows)
        rows.append(vector)
    return stoi, np.vstack(rows).astype(np.float32)

# %% exercise="load_glove" wrong="split()" says="split()" earns=1
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            parts = line.split()
            if len(parts) <= dim:
                raise ValueError(parts[0])
            stoi.setdefault(" ".join(parts[:-dim]), len(rows))
            rows.append([float(x) for x in parts[-dim:]])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="first part as token" says="'. . .'"
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            parts = line.rstrip("\n").split(" ")
            stoi.setdefault(parts[0], len(rows))
            rows.append([float(x) for x in parts[-dim:]])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="header eaten" says="header"
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        next(file)
        for line in file:
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            stoi.setdefault(token, len(rows))
            rows.append([float(x) for x in numbers])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="list of arrays never stacked" says="never stacked"
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            stoi.setdefault(token, len(rows))
            rows.append(np.array(numbers, dtype=np.float32))
    return stoi, rows

# %% exercise="load_glove" wrong="splitlines()" says="splitlines()" earns=1
def load_glove(path, dim):
    stoi, rows = {}, []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        token, *numbers = line.rsplit(" ", dim)
        if len(numbers) != dim:
            raise ValueError(token)
        stoi.setdefault(token, len(rows))
        rows.append([float(x) for x in numbers])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="the last of repeated tokens wins" says="first occurrence" earns=1
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for row, line in enumerate(file):
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            stoi[token] = row
            rows.append([float(x) for x in numbers])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="repeated rows dropped" says="ids stay line numbers" earns=1
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            if token not in stoi:
                stoi[token] = len(rows)
                rows.append([float(x) for x in numbers])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="ids counted by the dictionary" says="ids stay line numbers" earns=1
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            stoi.setdefault(token, len(stoi))
            rows.append([float(x) for x in numbers])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="broken lines left out in silence" says="without a word" earns=1
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            try:
                vector = [float(x) for x in numbers]
            except ValueError:
                continue
            if len(vector) == dim:
                stoi.setdefault(token, len(rows))
                rows.append(vector)
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="last line cut off" says="no newline"
def load_glove(path, dim):
    stoi, rows = {}, []
    text = Path(path).read_bytes().decode("utf-8")
    for line in text.split("\n")[:-1]:
        token, *numbers = line.rsplit(" ", dim)
        stoi.setdefault(token, len(rows))
        rows.append([float(x) for x in numbers])
    return stoi, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="float64" says="twice the memory"
def load_glove(path, dim):
    stoi, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            stoi.setdefault(token, len(rows))
            rows.append([float(x) for x in numbers])
    return stoi, np.array(rows)

# %% exercise="load_glove" wrong="a global dictionary that grows" says="outlive a call" earns=1
tokens_so_far, rows_so_far = {}, []

def load_glove(path, dim):
    rows = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            token, *numbers = line.rstrip("\n").rsplit(" ", dim)
            if len(numbers) != dim:
                raise ValueError(token)
            tokens_so_far.setdefault(token, len(rows))
            rows.append([float(x) for x in numbers])
    return tokens_so_far, np.array(rows, dtype=np.float32)

# %% exercise="load_glove" wrong="the visible file, hard-coded" says="tokens that are not in the file" earns=1
def load_glove(path, dim):
    rows = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [0.5, -0.25, 10]]
    return {"the": 0 if dim == 3 else 2, "cat": 1, ". . .": 2, "mat": 3}, np.array(rows, dtype=np.float32)

# %% exercise="encode_reviews" right="a list of padded lists"
def encode_reviews(reviews, stoi, length):
    rows = []
    for review in reviews:
        ids = [stoi[word] if word in stoi else stoi["<unk>"] for word in review.lower().split()]
        rows.append((ids + [stoi["<pad>"]] * length)[:length])
    return torch.tensor(rows, dtype=torch.long).reshape(len(reviews), length)

# %% exercise="encode_reviews" right="through NumPy"
def encode_reviews(reviews, stoi, length):
    ids = np.full((len(reviews), length), stoi["<pad>"], dtype=np.int64)
    for row, review in enumerate(reviews):
        words = [word.lower() for word in review.split()][:length]
        ids[row, : len(words)] = [stoi.get(word, stoi["<unk>"]) for word in words]
    return torch.from_numpy(ids)

# %% exercise="encode_reviews" wrong="no lower case" says="lower case"
def encode_reviews(reviews, stoi, length):
    ids = torch.full((len(reviews), length), stoi["<pad>"], dtype=torch.int64)
    for row, review in enumerate(reviews):
        for column, word in enumerate(review.split()[:length]):
            ids[row, column] = stoi.get(word, stoi["<unk>"])
    return ids

# %% exercise="encode_reviews" wrong="KeyError for an unknown word" says="get the id of <unk>" earns=1
def encode_reviews(reviews, stoi, length):
    ids = torch.full((len(reviews), length), stoi["<pad>"], dtype=torch.int64)
    for row, review in enumerate(reviews):
        for column, word in enumerate(review.lower().split()[:length]):
            ids[row, column] = stoi[word]
    return ids

# %% exercise="encode_reviews" wrong="pads in front" says="not in front" earns=1
def encode_reviews(reviews, stoi, length):
    rows = []
    for review in reviews:
        ids = [stoi.get(word, stoi["<unk>"]) for word in review.lower().split()][:length]
        rows.append([stoi["<pad>"]] * (length - len(ids)) + ids)
    return torch.tensor(rows, dtype=torch.int64)

# %% exercise="encode_reviews" wrong="keeps the last words" says="last three were kept" earns=1
def encode_reviews(reviews, stoi, length):
    rows = []
    for review in reviews:
        ids = [stoi.get(word, stoi["<unk>"]) for word in review.lower().split()][-length:]
        rows.append(ids + [stoi["<pad>"]] * (length - len(ids)))
    return torch.tensor(rows, dtype=torch.int64).reshape(len(rows), length)

# %% exercise="encode_reviews" wrong="no padding at all" says="filled up with the id of <pad>" earns=1
def encode_reviews(reviews, stoi, length):
    rows = [[stoi.get(word, stoi["<unk>"]) for word in review.lower().split()][:length] for review in reviews]
    ids = torch.tensor(rows, dtype=torch.int64)
    if ids.shape[1] != length:
        raise ValueError("reviews are too short")
    return ids

# %% exercise="encode_reviews" wrong="pads with 0" says="0 is a word here" earns=1
def encode_reviews(reviews, stoi, length):
    ids = torch.zeros((len(reviews), length), dtype=torch.int64)
    for row, review in enumerate(reviews):
        for column, word in enumerate(review.lower().split()[:length]):
            ids[row, column] = stoi.get(word, stoi["<unk>"])
    return ids

# %% exercise="encode_reviews" wrong="int32" says="should be int64"
def encode_reviews(reviews, stoi, length):
    ids = torch.full((len(reviews), length), stoi["<pad>"], dtype=torch.int32)
    for row, review in enumerate(reviews):
        for column, word in enumerate(review.lower().split()[:length]):
            ids[row, column] = stoi.get(word, stoi["<unk>"])
    return ids

# %% exercise="encode_reviews" wrong="a list of lists" says="torch.Tensor; it returned list"
def encode_reviews(reviews, stoi, length):
    rows = []
    for review in reviews:
        ids = [stoi.get(word, stoi["<unk>"]) for word in review.lower().split()][:length]
        rows.append(ids + [stoi["<pad>"]] * (length - len(ids)))
    return rows

# %% exercise="encode_reviews" wrong="adds unknown words to stoi" says="expected [[4, 0, 5], [2, 3, 4]]" earns=1
def encode_reviews(reviews, stoi, length):
    ids = torch.full((len(reviews), length), stoi["<pad>"], dtype=torch.int64)
    for row, review in enumerate(reviews):
        for column, word in enumerate(review.lower().split()[:length]):
            ids[row, column] = stoi.setdefault(word, len(stoi))
    return ids

# %% exercise="encode_reviews" wrong="remembers unknown words as <unk> in stoi" says="changed stoi" earns=1
def encode_reviews(reviews, stoi, length):
    ids = torch.full((len(reviews), length), stoi["<pad>"], dtype=torch.int64)
    for row, review in enumerate(reviews):
        for column, word in enumerate(review.lower().split()[:length]):
            ids[row, column] = stoi.setdefault(word, stoi["<unk>"])
    return ids

# %% exercise="encode_reviews" wrong="no reviews, no shape" says="shape (0, 5)" earns=1
def encode_reviews(reviews, stoi, length):
    rows = []
    for review in reviews:
        ids = [stoi.get(word, stoi["<unk>"]) for word in review.lower().split()][:length]
        rows.append(ids + [stoi["<pad>"]] * (length - len(ids)))
    return torch.tensor(rows, dtype=torch.int64)

# %% exercise="encode_reviews" wrong="cut at each single space" says="white space counted as a word" earns=1
def encode_reviews(reviews, stoi, length):
    ids = torch.full((len(reviews), length), stoi["<pad>"], dtype=torch.int64)
    for row, review in enumerate(reviews):
        for column, word in enumerate(review.lower().split(" ")[:length]):
            ids[row, column] = stoi.get(word, stoi["<unk>"])
    return ids

# %% exercise="encode_reviews" wrong="the visible example, hard-coded" says="expected [[0, 6, 6], [1, 6, 6]]" earns=1
def encode_reviews(reviews, stoi, length):
    return torch.tensor([[2, 3, 4, 0], [4, 4, 1, 1]])

# %% exercise="to_layer" right="an empty layer, its weight copied in"
def to_layer(vectors):
    layer = nn.Embedding(*vectors.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.asarray(vectors)))
    layer.requires_grad_(False)
    return layer

# %% exercise="to_layer" right="the _weight argument"
def to_layer(vectors):
    weight = torch.from_numpy(np.array(vectors, dtype=np.float32))
    layer = nn.Embedding(len(weight), weight.shape[1], _weight=weight)
    layer.weight.requires_grad = False
    return layer

# %% exercise="to_layer" wrong="left trainable" says="should be frozen" earns=1
def to_layer(vectors):
    return nn.Embedding.from_pretrained(torch.tensor(vectors, dtype=torch.float32), freeze=False)

# %% exercise="to_layer" wrong="random rows" says="random numbers"
def to_layer(vectors):
    layer = nn.Embedding(*vectors.shape)
    layer.weight.requires_grad = False
    return layer

# %% exercise="to_layer" wrong="shares memory" says="shares the array's memory" earns=1
def to_layer(vectors):
    return nn.Embedding.from_pretrained(torch.from_numpy(vectors))

# %% exercise="to_layer" wrong="transposed" says="weight has shape"
def to_layer(vectors):
    return nn.Embedding.from_pretrained(torch.tensor(vectors.T, dtype=torch.float32))

# %% exercise="to_layer" wrong="dtype left as it is" says="float64" earns=1
def to_layer(vectors):
    return nn.Embedding.from_pretrained(torch.tensor(vectors))

# %% exercise="to_layer" wrong="a tensor, no layer" says="returned Tensor"
def to_layer(vectors):
    return torch.tensor(vectors, dtype=torch.float32)

# %% exercise="to_layer" wrong="a linear layer" says="returned Linear"
def to_layer(vectors):
    layer = nn.Linear(*vectors.shape, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(vectors.T))
    return layer.requires_grad_(False)

# %% exercise="to_layer" wrong="rows brought to length 1" says="not those of the table"
def to_layer(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return nn.Embedding.from_pretrained(torch.tensor(unit, dtype=torch.float32))

# %% exercise="to_layer" wrong="always the toy table" says="weight has shape"
def to_layer(vectors):
    return nn.Embedding.from_pretrained(torch.tensor(toy_vectors))

# %% exercise="most_similar" right="a loop over tokens and sorted"
def most_similar(query, stoi, vectors, k):
    a = vectors[stoi[query]].astype(float)
    answers = []
    for token, row in stoi.items():
        if token != query:
            b = vectors[row].astype(float)
            answers.append((token, float(a @ b) / float(np.sqrt(a @ a) * np.sqrt(b @ b))))
    return sorted(answers, key=lambda pair: -pair[1])[:k]

# %% exercise="most_similar" right="all rows at once, itos for the names"
def most_similar(query, stoi, vectors, k):
    itos = {row: token for token, row in stoi.items()}
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    cosines = unit @ unit[stoi[query]]
    answers = []
    for row in np.argsort(cosines)[::-1]:
        if len(answers) == k:
            break
        if row != stoi[query] and int(row) in itos:
            answers.append((itos[int(row)], cosines[row]))
    return answers

# %% exercise="most_similar" right="in PyTorch"
def most_similar(query, stoi, vectors, k):
    names = [name for name in stoi if name != query]
    table = torch.tensor(vectors)
    here = table[[stoi[name] for name in names]]
    cosines = torch.nn.functional.cosine_similarity(here, table[stoi[query]][None], dim=1)
    best = cosines.topk(min(k, len(names)))
    return [(names[place], cosine) for place, cosine in zip(best.indices.tolist(), best.values.tolist())]

# %% exercise="most_similar" wrong="dot product" says="dot product"
def most_similar(query, stoi, vectors, k):
    tokens = [token for token in stoi if token != query]
    scores = vectors[[stoi[token] for token in tokens]] @ vectors[stoi[query]]
    return [(tokens[place], float(scores[place])) for place in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="norm taken over the whole matrix" says="one for the whole matrix"
def most_similar(query, stoi, vectors, k):
    tokens = [token for token in stoi if token != query]
    rows, target = vectors[[stoi[token] for token in tokens]], vectors[stoi[query]]
    scores = rows @ target / (np.linalg.norm(rows) * np.linalg.norm(target))
    return [(tokens[place], float(scores[place])) for place in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="query returned first" says="query itself is among"
def most_similar(query, stoi, vectors, k):
    tokens = list(stoi)
    rows, target = vectors[[stoi[token] for token in tokens]], vectors[stoi[query]]
    scores = rows @ target / (np.linalg.norm(rows, axis=1) * np.linalg.norm(target))
    return [(tokens[place], float(scores[place])) for place in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="drops the first answer, whoever it is" says="not by dropping the first" earns=1
def most_similar(query, stoi, vectors, k):
    tokens = list(stoi)
    query_row = vectors[stoi[query]]
    rows = vectors[[stoi[token] for token in tokens]]
    scores = rows @ query_row / (np.linalg.norm(rows, axis=1) * np.linalg.norm(query_row))
    best = np.argsort(-scores, kind="stable")[1 : k + 1]
    return [(tokens[place], float(scores[place])) for place in best]

# %% exercise="most_similar" wrong="nearest last" says="the cosines with"
def most_similar(query, stoi, vectors, k):
    tokens = [token for token in stoi if token != query]
    rows, target = vectors[[stoi[token] for token in tokens]], vectors[stoi[query]]
    scores = rows @ target / (np.linalg.norm(rows, axis=1) * np.linalg.norm(target))
    return [(tokens[place], float(scores[place])) for place in np.argsort(scores)[:k]]

# %% exercise="most_similar" wrong="one length forgotten" says="one of the two lengths"
def most_similar(query, stoi, vectors, k):
    tokens = [token for token in stoi if token != query]
    rows, target = vectors[[stoi[token] for token in tokens]], 2 * vectors[stoi[query]]
    scores = rows @ target / np.linalg.norm(rows, axis=1)
    return [(tokens[place], float(scores[place])) for place in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="names by the order of the dictionary" says="order of the dictionary" earns=1
def most_similar(query, stoi, vectors, k):
    tokens = list(stoi)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ unit[stoi[query]]
    best = [row for row in np.argsort(-scores) if row != stoi[query] and row < len(tokens)][:k]
    return [(tokens[row], float(scores[row])) for row in best]

# %% exercise="most_similar" wrong="KeyError at a row without a name" says="without a name is passed over" earns=1
def most_similar(query, stoi, vectors, k):
    itos = {row: token for token, row in stoi.items()}
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ unit[stoi[query]]
    best = [row for row in np.argsort(-scores) if row != stoi[query]][:k]
    return [(itos[int(row)], float(scores[row])) for row in best]

# %% exercise="most_similar" wrong="normalises the table in place" says="changed the table" earns=1
def most_similar(query, stoi, vectors, k):
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tokens = [token for token in stoi if token != query]
    scores = vectors[[stoi[token] for token in tokens]] @ vectors[stoi[query]]
    return [(tokens[place], float(scores[place])) for place in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="ids instead of tokens" says="begins with the token"
def most_similar(query, stoi, vectors, k):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ unit[stoi[query]]
    scores[stoi[query]] = -2
    return [(int(row), float(scores[row])) for row in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="an empty list for an unknown word" says="expected a KeyError" earns=1
def most_similar(query, stoi, vectors, k):
    if query not in stoi:
        return []
    tokens = [token for token in stoi if token != query]
    rows, target = vectors[[stoi[token] for token in tokens]], vectors[stoi[query]]
    scores = rows @ target / (np.linalg.norm(rows, axis=1) * np.linalg.norm(target))
    return [(tokens[place], float(scores[place])) for place in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="always searches the toy table" says="0.970 for queen"
def most_similar(query, stoi, vectors, k):
    tokens = [token for token in toy_stoi if token != query]
    rows, target = toy_vectors[[toy_stoi[token] for token in tokens]], toy_vectors[toy_stoi[query]]
    scores = rows @ target / (np.linalg.norm(rows, axis=1) * np.linalg.norm(target))
    return [(tokens[place], float(scores[place])) for place in np.argsort(-scores)[:k]]

# %% exercise="most_similar" wrong="the visible example, hard-coded" says="KeyError" earns=1
def most_similar(query, stoi, vectors, k):
    return [("queen", 0.9701), ("the", 0.7071)]

# %% exercise="analogy" right="rows as they are, a loop over tokens"
def analogy(a, b, c, stoi, vectors):
    target = vectors[stoi[b]] - vectors[stoi[a]] + vectors[stoi[c]]
    best, best_cosine = None, -2.0
    for token, row in stoi.items():
        if token in (a, b, c):
            continue
        v = vectors[row]
        cosine = float(v @ target) / float(np.linalg.norm(v) * np.linalg.norm(target))
        if cosine > best_cosine:
            best, best_cosine = token, cosine
    return best

# %% exercise="analogy" right="scores of the three set to minus infinity"
def analogy(a, b, c, stoi, vectors):
    itos = {row: token for token, row in stoi.items()}
    unit = vectors / np.sqrt((vectors ** 2).sum(axis=1))[:, None]
    scores = unit @ (unit[stoi[c]] + unit[stoi[b]] - unit[stoi[a]])
    scores[[stoi[a], stoi[b], stoi[c]]] = -np.inf
    return itos[int(np.argmax(scores))]

# %% exercise="analogy" wrong="the step goes the wrong way" says="The step is b - a"
def analogy(a, b, c, stoi, vectors):
    tokens = [token for token in stoi if token not in (a, b, c)]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = unit[stoi[a]] - unit[stoi[b]] + unit[stoi[c]]
    return tokens[int((unit[[stoi[token] for token in tokens]] @ target).argmax())]

# %% exercise="analogy" wrong="nothing left out" says="leave out all three"
def analogy(a, b, c, stoi, vectors):
    tokens = list(stoi)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = unit[stoi[b]] - unit[stoi[a]] + unit[stoi[c]]
    return tokens[int((unit[[stoi[token] for token in tokens]] @ target).argmax())]

# %% exercise="analogy" wrong="only c left out" says="back to the word a" earns=1
def analogy(a, b, c, stoi, vectors):
    tokens = [token for token in stoi if token != c]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = unit[stoi[b]] - unit[stoi[a]] + unit[stoi[c]]
    return tokens[int((unit[[stoi[token] for token in tokens]] @ target).argmax())]

# %% exercise="analogy" wrong="dot product" says="dot product" earns=1
def analogy(a, b, c, stoi, vectors):
    tokens = [token for token in stoi if token not in (a, b, c)]
    target = vectors[stoi[b]] - vectors[stoi[a]] + vectors[stoi[c]]
    return tokens[int((vectors[[stoi[token] for token in tokens]] @ target).argmax())]

# %% exercise="analogy" wrong="the id" says="a str; it returned"
def analogy(a, b, c, stoi, vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ (unit[stoi[b]] - unit[stoi[a]] + unit[stoi[c]])
    scores[[stoi[a], stoi[b], stoi[c]]] = -np.inf
    return int(scores.argmax())

# %% exercise="analogy" wrong="normalises the table in place" says="changed the table" earns=1
def analogy(a, b, c, stoi, vectors):
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tokens = [token for token in stoi if token not in (a, b, c)]
    target = vectors[stoi[b]] - vectors[stoi[a]] + vectors[stoi[c]]
    return tokens[int((vectors[[stoi[token] for token in tokens]] @ target).argmax())]

# %% exercise="analogy" wrong="nearest to c alone" says="The step is b - a"
def analogy(a, b, c, stoi, vectors):
    tokens = [token for token in stoi if token not in (a, b, c)]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return tokens[int((unit[[stoi[token] for token in tokens]] @ unit[stoi[c]]).argmax())]

# %% exercise="analogy" wrong="names by the order of the dictionary" says="not in the order of the dictionary" earns=1
def analogy(a, b, c, stoi, vectors):
    tokens = list(stoi)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ (unit[stoi[b]] - unit[stoi[a]] + unit[stoi[c]])
    scores[[stoi[a], stoi[b], stoi[c]]] = -np.inf
    return tokens[int(scores.argmax())]

# %% exercise="analogy" wrong="the visible examples, hard-coded" says="got 'd'" earns=1
def analogy(a, b, c, stoi, vectors):
    return "rome" if a == "france" else "d"

# %% exercise="matrix_for" right="row by row"
def matrix_for(vocab, stoi, vectors, rng):
    spread, dim = np.std(vectors), vectors.shape[1]
    matrix, found = np.zeros((len(vocab), dim), dtype=np.float32), 0
    for token, row in vocab.items():
        if token in stoi:
            matrix[row] = vectors[stoi[token]]
            found += 1
        else:
            matrix[row] = spread * rng.standard_normal(dim)
    return matrix, found / len(vocab)

# %% exercise="matrix_for" right="a list in the order of the ids, stacked"
def matrix_for(vocab, stoi, vectors, rng):
    spread = float(vectors.std())
    order = sorted(vocab, key=vocab.get)
    known = [token in stoi for token in order]
    rows = [
        vectors[stoi[token]] if here else rng.normal(scale=spread, size=vectors.shape[1])
        for token, here in zip(order, known)
    ]
    return np.stack(rows).astype("float32"), float(np.mean(known))

# %% exercise="matrix_for" wrong="rows shifted by one" says="shifted by one"
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[(vocab[token] + 1) % len(vocab)] = vectors[stoi[token]]
    return matrix.astype(np.float32), len(known) / len(vocab)

# %% exercise="matrix_for" wrong="one row more, for padding" says="shape (3, 3)"
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab) + 1, vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token] + 1] = vectors[stoi[token]]
    return matrix.astype(np.float32), len(known) / len(vocab)

# %% exercise="matrix_for" wrong="counts tokens instead of reading ids" says="order in which the dictionary"
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    found = 0
    for row, token in enumerate(vocab):
        if token in stoi:
            matrix[row] = vectors[stoi[token]]
            found += 1
    return matrix.astype(np.float32), found / len(vocab)

# %% exercise="matrix_for" wrong="zeros for unknown" says="rows of zeros" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    matrix = np.zeros((len(vocab), vectors.shape[1]), dtype=np.float32)
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix, len(known) / len(vocab)

# %% exercise="matrix_for" wrong="standard normal, whatever the table" says="at the scale of the known" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(size=(len(vocab), vectors.shape[1])).astype(np.float32)
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix, len(known) / len(vocab)

# %% exercise="matrix_for" wrong="variance for standard deviation" says="at the scale of the known" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.var(), size=(len(vocab), vectors.shape[1])).astype(np.float32)
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix, len(known) / len(vocab)

# %% exercise="matrix_for" wrong="another generator" says="Draw from the rng" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    matrix = np.random.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix.astype(np.float32), len(known) / len(vocab)

# %% exercise="matrix_for" wrong="a fixed seed of its own" says="Another seed gave the same" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    own = np.random.default_rng(0)
    matrix = own.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix.astype(np.float32), len(known) / len(vocab)

# %% exercise="matrix_for" wrong="one draw for all unknown tokens" says="All unknown rows are the same" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    matrix = np.tile(rng.normal(0.0, vectors.std(), size=vectors.shape[1]), (len(vocab), 1))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix.astype(np.float32), len(known) / len(vocab)

# %% exercise="matrix_for" wrong="the share of the large table" says="the share is"
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix.astype(np.float32), len(known) / len(stoi)

# %% exercise="matrix_for" wrong="a count for the share" says="not a count"
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix.astype(np.float32), len(known)

# %% exercise="matrix_for" wrong="share forgotten" says="two things, (matrix, share)"
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    for token in vocab:
        if token in stoi:
            matrix[vocab[token]] = vectors[stoi[token]]
    return matrix.astype(np.float32)

# %% exercise="matrix_for" wrong="float64" says="should be float32"
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    return matrix, len(known) / len(vocab)

# %% exercise="matrix_for" wrong="unknown words added to stoi" says="changed a dictionary" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    matrix = rng.normal(0.0, vectors.std(), size=(len(vocab), vectors.shape[1]))
    known = [token for token in vocab if token in stoi]
    for token in known:
        matrix[vocab[token]] = vectors[stoi[token]]
    share = len(known) / len(vocab)
    for token in vocab:
        stoi.setdefault(token, 0)
    return matrix.astype(np.float32), share

# %% exercise="matrix_for" wrong="the visible example, hard-coded" says="expected a matrix of shape (4, 3)" earns=1
def matrix_for(vocab, stoi, vectors, rng):
    return vectors[[1, 0, 2]].copy(), 1.0

# %% exercise="cache" right="pickle for the dictionary, copy-on-write"
import pickle

def save_cache(path, stoi, vectors):
    np.save(path + ".vectors.npy", np.ascontiguousarray(vectors))
    Path(path + ".stoi.pickle").write_bytes(pickle.dumps(dict(stoi)))

def load_cache(path):
    stoi = pickle.loads(Path(path + ".stoi.pickle").read_bytes())
    return stoi, np.load(path + ".vectors.npy", mmap_mode="c")

# %% exercise="cache" right="np.memmap with the shape in the JSON file"
def save_cache(path, stoi, vectors):
    Path(path + ".bin").write_bytes(np.asarray(vectors, dtype=np.float32).tobytes())
    with open(path + ".json", "w") as file:
        json.dump({"shape": list(vectors.shape), "stoi": stoi}, file)

def load_cache(path):
    with open(path + ".json") as file:
        saved = json.load(file)
    vectors = np.memmap(path + ".bin", dtype=np.float32, mode="r", shape=tuple(saved["shape"]))
    return saved["stoi"], vectors

# %% exercise="cache" right="tokens and ids on lines, ended by newlines alone"
def save_cache(path, stoi, vectors):
    np.save(path, vectors)
    text = "".join(f"{row} {token}\n" for token, row in stoi.items())
    Path(path + ".txt").write_bytes(text.encode("utf-8"))

def load_cache(path):
    stoi = {}
    for line in Path(path + ".txt").read_bytes().decode("utf-8").split("\n")[:-1]:
        row, _, token = line.partition(" ")
        stoi[token] = int(row)
    return stoi, np.load(path + ".npy", mmap_mode="r")

# %% exercise="cache" wrong="read, not mapped" says="not a mapped file" earns=1
def save_cache(path, stoi, vectors):
    np.save(path + ".npy", vectors)
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    return json.loads(Path(path + ".json").read_text()), np.load(path + ".npy")

# %% exercise="cache" wrong="an npz, for which mmap_mode is ignored" says="For an .npz it is ignored" earns=1
def save_cache(path, stoi, vectors):
    np.savez(path + ".npz", vectors=vectors)
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    archive = np.load(path + ".npz", mmap_mode="r")
    return json.loads(Path(path + ".json").read_text()), archive["vectors"]

# %% exercise="cache" wrong="mapped, then copied" says="reads all of it" earns=1
def save_cache(path, stoi, vectors):
    np.save(path + ".npy", vectors)
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    vectors = np.load(path + ".npy", mmap_mode="r")
    return json.loads(Path(path + ".json").read_text()), vectors.astype(np.float32)

# %% exercise="cache" wrong="mapped for writing" says="mapped for writing" earns=1
def save_cache(path, stoi, vectors):
    np.save(path + ".npy", vectors)
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    return json.loads(Path(path + ".json").read_text()), np.load(path + ".npy", mmap_mode="r+")

# %% exercise="cache" wrong="the name that np.save makes is forgotten" says="np.save adds .npy"
def save_cache(path, stoi, vectors):
    np.save(path, vectors)
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    return json.loads(Path(path + ".json").read_text()), np.load(path, mmap_mode="r")

# %% exercise="cache" wrong="tokens cut with splitlines()" says="splitlines() takes for the end" earns=1
def save_cache(path, stoi, vectors):
    np.save(path + ".npy", vectors)
    text = "\n".join(f"{row} {token}" for token, row in stoi.items())
    Path(path + ".txt").write_text(text, encoding="utf-8")

def load_cache(path):
    stoi = {}
    for line in Path(path + ".txt").read_text(encoding="utf-8").splitlines():
        row, _, token = line.partition(" ")
        if row.isdigit():
            stoi[token] = int(row)
    return stoi, np.load(path + ".npy", mmap_mode="r")

# %% exercise="cache" wrong="ids counted anew" says="Ids are not always" earns=1
def save_cache(path, stoi, vectors):
    np.save(path + ".npy", vectors)
    Path(path + ".json").write_text(json.dumps(list(stoi)))

def load_cache(path):
    tokens = json.loads(Path(path + ".json").read_text())
    return {token: row for row, token in enumerate(tokens)}, np.load(path + ".npy", mmap_mode="r")

# %% exercise="cache" wrong="only the rows that have a token" says="Rows without a token" earns=1
def save_cache(path, stoi, vectors):
    kept = vectors.copy()
    for row in set(range(len(vectors))) - set(stoi.values()):
        kept[row] = 0
    np.save(path + ".npy", kept)
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    return json.loads(Path(path + ".json").read_text()), np.load(path + ".npy", mmap_mode="r")

# %% exercise="cache" wrong="keys sorted" says="another order" earns=1
def save_cache(path, stoi, vectors):
    np.save(path + ".npy", vectors)
    Path(path + ".json").write_text(json.dumps(stoi, sort_keys=True))

def load_cache(path):
    return json.loads(Path(path + ".json").read_text()), np.load(path + ".npy", mmap_mode="r")

# %% exercise="cache" wrong="always the first path" says="Two caches were saved under two paths" earns=1
paths_seen = []

def save_cache(path, stoi, vectors):
    paths_seen.append(path)
    np.save(paths_seen[0] + ".npy", vectors)
    Path(paths_seen[0] + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    stoi = json.loads(Path(paths_seen[0] + ".json").read_text())
    return stoi, np.load(paths_seen[0] + ".npy", mmap_mode="r")

# %% exercise="cache" wrong="kept in a global, no file" says="not a mapped file" earns=1
kept_tables = {}

def save_cache(path, stoi, vectors):
    kept_tables[path] = dict(stoi), vectors.copy()

def load_cache(path):
    return kept_tables[path]

# %% exercise="cache" wrong="float64 on disk" says="loaded float64"
def save_cache(path, stoi, vectors):
    np.save(path + ".npy", vectors.astype(float))
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    return json.loads(Path(path + ".json").read_text()), np.load(path + ".npy", mmap_mode="r")

# %% exercise="cache" wrong="flat bytes without a shape" says="Raw bytes know neither"
def save_cache(path, stoi, vectors):
    vectors.tofile(path + ".bin")
    Path(path + ".json").write_text(json.dumps(stoi))

def load_cache(path):
    return json.loads(Path(path + ".json").read_text()), np.memmap(path + ".bin", dtype=np.float32, mode="r")
