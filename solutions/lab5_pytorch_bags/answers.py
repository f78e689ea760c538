# %% [markdown]
# # Answers to Lab 5
# Other right answers, and the wrong ones that students really write.

# %% exercise="flatten_bags" right="a plain loop that notes where each bag begins"
def flatten_bags(bags):
    values, offsets = [], []
    for bag in bags:
        offsets.append(len(values))
        values.extend(bag)
    return torch.tensor(values, dtype=torch.long), torch.tensor(offsets, dtype=torch.long)

# %% exercise="flatten_bags" right="sizes, cumulative sum, minus the size"
def flatten_bags(bags):
    sizes = torch.tensor([len(bag) for bag in bags], dtype=torch.int64)
    parts = [torch.tensor(bag, dtype=torch.int64) for bag in bags]
    values = torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64)
    return values, sizes.cumsum(0) - sizes

# %% exercise="flatten_bags" right="through NumPy, returned as a list"
def flatten_bags(bags):
    sizes = np.array([0] + [len(bag) for bag in bags], dtype=np.int64)
    flat = np.array(list(itertools.chain.from_iterable(bags)), dtype=np.int64)
    return [torch.from_numpy(flat), torch.from_numpy(np.cumsum(sizes)[:-1])]

# %% exercise="flatten_bags" wrong="lengths for offsets" says="lengths"
def flatten_bags(bags):
    values = [i for bag in bags for i in bag]
    return torch.tensor(values), torch.tensor([len(bag) for bag in bags])

# %% exercise="flatten_bags" wrong="ends for offsets" says="the first offset is 0"
def flatten_bags(bags):
    values, offsets = [], []
    for bag in bags:
        values.extend(bag)
        offsets.append(len(values))
    return (torch.tensor(values, dtype=torch.int64), torch.tensor(offsets, dtype=torch.int64))

# %% exercise="flatten_bags" wrong="a closing offset too many" says="closing"
def flatten_bags(bags):
    values, offsets = [], [0]
    for bag in bags:
        values.extend(bag)
        offsets.append(len(values))
    return (torch.tensor(values, dtype=torch.int64), torch.tensor(offsets, dtype=torch.int64))

# %% exercise="flatten_bags" wrong="empty bags dropped" says="empty bag is a bag too" earns=1
def flatten_bags(bags):
    values, offsets = [], []
    for bag in bags:
        if bag:
            offsets.append(len(values))
            values.extend(bag)
    return (torch.tensor(values, dtype=torch.int64), torch.tensor(offsets, dtype=torch.int64))

# %% exercise="flatten_bags" wrong="dtype left to torch" says="float32 unless told" earns=1
def flatten_bags(bags):
    values, offsets = [], []
    for bag in bags:
        offsets.append(len(values))
        values.extend(bag)
    return torch.tensor(values), torch.tensor(offsets)

# %% exercise="flatten_bags" wrong="int32" says="torch.int64"
def flatten_bags(bags):
    values, offsets = [], []
    for bag in bags:
        offsets.append(len(values))
        values.extend(bag)
    return torch.tensor(values, dtype=torch.int32), torch.tensor(offsets, dtype=torch.int32)

# %% exercise="flatten_bags" wrong="plain lists" says="torch.Tensor; it is a list"
def flatten_bags(bags):
    values, offsets = [], []
    for bag in bags:
        offsets.append(len(values))
        values.extend(bag)
    return values, offsets

# %% exercise="flatten_bags" wrong="the two swapped" says="end to end"
def flatten_bags(bags):
    values, offsets = [], []
    for bag in bags:
        offsets.append(len(values))
        values.extend(bag)
    return torch.tensor(offsets, dtype=torch.int64), torch.tensor(values, dtype=torch.int64)

# %% exercise="flatten_bags" wrong="padded to a rectangle" says="one axis"
def flatten_bags(bags):
    width = max(len(bag) for bag in bags)
    padded = torch.tensor([bag + [0] * (width - len(bag)) for bag in bags])
    return padded, torch.arange(len(bags)) * width

# %% exercise="flatten_bags" wrong="grows the first bag in place" says="changed the bags" earns=1
def flatten_bags(bags):
    if not bags:
        return torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    values, offsets = bags[0], [0]
    for bag in bags[1:]:
        offsets.append(len(values))
        values += bag
    return torch.tensor(values, dtype=torch.int64), torch.tensor(offsets, dtype=torch.int64)

# %% exercise="flatten_bags" wrong="the visible example, hard-coded" says="for the bags" earns=1
def flatten_bags(bags):
    return torch.tensor([4445, 5576, 251, 8747, 8236, 880]), torch.tensor([0, 3, 5])

# %% exercise="flatten_bags" wrong="a global list grows" says="values should be" earns=1
flat_so_far = []

def flatten_bags(bags):
    offsets = []
    for bag in bags:
        offsets.append(len(flat_so_far))
        flat_so_far.extend(bag)
    return torch.tensor(flat_so_far, dtype=torch.int64), torch.tensor(offsets, dtype=torch.int64)

# %% exercise="split_bags" right="through tensor_split"
def split_bags(values, offsets):
    if len(offsets) == 0:
        return []
    return [part.tolist() for part in torch.tensor_split(values, offsets[1:])]

# %% exercise="split_bags" right="through the sizes"
def split_bags(values, offsets):
    ends = torch.cat([offsets, torch.tensor([len(values)])])
    sizes = (ends[1:] - ends[:-1]).tolist()
    remaining, bags = values.tolist(), []
    for size in sizes:
        bags.append(remaining[:size])
        remaining = remaining[size:]
    return bags

# %% exercise="split_bags" right="each value dealt to its bag"
def split_bags(values, offsets):
    bags = [[] for _ in offsets]
    for position, i in enumerate(values.tolist()):
        bag = max(b for b, begin in enumerate(offsets.tolist()) if begin <= position)
        bags[bag].append(i)
    return bags

# %% exercise="split_bags" wrong="the last bag lost" says="last bag is lost"
def split_bags(values, offsets):
    begins = offsets.tolist()
    return [values[a:b].tolist() for a, b in zip(begins, begins[1:])]

# %% exercise="split_bags" wrong="empty bags dropped" says="empty" earns=1
def split_bags(values, offsets):
    begins = [*offsets.tolist(), len(values)]
    bags = [values[a:b].tolist() for a, b in zip(begins, begins[1:])]
    return [bag for bag in bags if bag]

# %% exercise="split_bags" wrong="tensors instead of lists" says="plain list"
def split_bags(values, offsets):
    begins = [*offsets.tolist(), len(values)]
    return [values[a:b] for a, b in zip(begins, begins[1:])]

# %% exercise="split_bags" wrong="lists of tensors" says="python ints" earns=1
def split_bags(values, offsets):
    begins = [*offsets.tolist(), len(values)]
    return [list(values[a:b]) for a, b in zip(begins, begins[1:])]

# %% exercise="split_bags" wrong="offsets taken for lengths" says="begins at offsets"
def split_bags(values, offsets):
    bags, begin = [], 0
    for size in offsets.tolist():
        bags.append(values[begin:begin + size].tolist())
        begin += size
    return bags

# %% exercise="split_bags" wrong="ends with -1, so the last id is lost" says="expected [[4445"
def split_bags(values, offsets):
    begins = [*offsets.tolist(), -1]
    return [values[a:b].tolist() for a, b in zip(begins, begins[1:])]

# %% exercise="split_bags" wrong="the visible example, hard-coded" says="are the bags" earns=1
def split_bags(values, offsets):
    return [[4445, 5576, 251], [8747, 8236], [880]][:len(offsets)]

# %% exercise="bag_sum_by_hand" right="a loop over the bags, stacked"
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    return torch.stack([weight[values[a:b]].sum(dim=0) for a, b in zip(offsets.tolist(), ends)])

# %% exercise="bag_sum_by_hand" right="running totals, differenced"
def bag_sum_by_hand(weight, values, offsets):
    rows = weight[values]
    start = torch.zeros(1, weight.shape[1], dtype=weight.dtype)
    totals = torch.cat([start, rows.cumsum(dim=0)])
    ends = torch.cat([offsets[1:], torch.tensor([len(values)])])
    return totals[ends] - totals[offsets]

# %% exercise="bag_sum_by_hand" right="a membership matrix times the rows"
def bag_sum_by_hand(weight, values, offsets):
    ends = torch.cat([offsets[1:], torch.tensor([len(values)])])
    position = torch.arange(len(values))
    inside = (position >= offsets[:, None]) & (position < ends[:, None])
    return inside.to(weight.dtype) @ weight[values]

# %% exercise="bag_sum_by_hand" right="counts times the whole table"
def bag_sum_by_hand(weight, values, offsets):
    sizes = torch.diff(offsets, append=torch.tensor([len(values)]))
    bag_of = torch.repeat_interleave(torch.arange(len(offsets)), sizes)
    counts = torch.zeros(len(offsets), len(weight), dtype=weight.dtype)
    ones = torch.ones(len(values), dtype=weight.dtype)
    counts.index_put_((bag_of, values), ones, accumulate=True)
    return counts @ weight

# %% exercise="bag_sum_by_hand" right="row by row in plain Python"
def bag_sum_by_hand(weight, values, offsets):
    sums = [torch.zeros_like(weight[0]) for _ in offsets]
    bag = 0
    for position, i in enumerate(values):
        while bag + 1 < len(offsets) and offsets[bag + 1] <= position:
            bag += 1
        sums[bag] = sums[bag] + F.embedding(i, weight)
    return torch.stack(sums)

# %% exercise="bag_sum_by_hand" wrong="the last bag lost" says="last bag is lost"
def bag_sum_by_hand(weight, values, offsets):
    return torch.stack([weight[values[a:b]].sum(0) for a, b in zip(offsets, offsets[1:])])

# %% exercise="bag_sum_by_hand" wrong="cumulative sums not differenced" says="cumulative"
def bag_sum_by_hand(weight, values, offsets):
    start = torch.zeros(1, weight.shape[1], dtype=weight.dtype)
    totals = torch.cat([start, weight[values].cumsum(0)])
    ends = torch.cat([offsets[1:], torch.tensor([len(values)])])
    return totals[ends]

# %% exercise="bag_sum_by_hand" wrong="a loop that breaks the graph" says="graph is broken" earns=2
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    sums = []
    for a, b in zip(offsets.tolist(), ends):
        total = [0] * weight.shape[1]
        for i in values[a:b].tolist():
            total = [t + w for t, w in zip(total, weight[i].tolist())]
        sums.append(total)
    return torch.tensor(sums, dtype=weight.dtype)

# %% exercise="bag_sum_by_hand" wrong="detached" says="graph is broken" earns=2
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    table = weight.detach()
    return torch.stack([table[values[a:b]].sum(0) for a, b in zip(offsets.tolist(), ends)])

# %% exercise="bag_sum_by_hand" wrong="a new parameter" says="does not reach weight" earns=1
def bag_sum_by_hand(weight, values, offsets):
    mine = nn.Parameter(weight.clone())
    ends = offsets.tolist()[1:] + [len(values)]
    return torch.stack([mine[values[a:b]].sum(0) for a, b in zip(offsets.tolist(), ends)])

# %% exercise="bag_sum_by_hand" wrong="the fused call itself" says="integer table" earns=3
def bag_sum_by_hand(weight, values, offsets):
    return F.embedding_bag(values, weight, offsets, mode="sum")

# %% exercise="bag_sum_by_hand" wrong="NumPy reduceat" says="that bag is empty" earns=1
def bag_sum_by_hand(weight, values, offsets):
    # reduceat gives an empty bag the row that comes next
    rows = weight.detach().numpy()[values.numpy()]
    return torch.from_numpy(np.add.reduceat(rows, offsets.numpy(), axis=0))

# %% exercise="bag_sum_by_hand" wrong="repeated ids added once" says="bag 0 should be" earns=1
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    bags = [values[a:b].unique() for a, b in zip(offsets.tolist(), ends)]
    return torch.stack([weight[bag].sum(0) for bag in bags])

# %% exercise="bag_sum_by_hand" wrong="sums[bag_of] += rows keeps one row" says="expected" earns=2
def bag_sum_by_hand(weight, values, offsets):
    sizes = torch.diff(offsets, append=torch.tensor([len(values)]))
    bag_of = torch.repeat_interleave(torch.arange(len(offsets)), sizes)
    sums = torch.zeros(len(offsets), weight.shape[1], dtype=weight.dtype)
    sums[bag_of] += weight[values]
    return sums

# %% exercise="bag_sum_by_hand" wrong="the mean" says="means of the bags"
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    return torch.stack([weight[values[a:b]].mean(0) for a, b in zip(offsets.tolist(), ends)])

# %% exercise="bag_sum_by_hand" wrong="not reduced" says="still have to be added up"
def bag_sum_by_hand(weight, values, offsets):
    return weight[values]

# %% exercise="bag_sum_by_hand" wrong="float32 whatever the table" says="float64" earns=3
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    parts = [weight[values[a:b]].sum(0).float() for a, b in zip(offsets.tolist(), ends)]
    return torch.stack(parts)

# %% exercise="bag_sum_by_hand" wrong="empty bags dropped" says="keeps its row" earns=1
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    full = [values[a:b] for a, b in zip(offsets.tolist(), ends) if b > a]
    return torch.stack([weight[bag].sum(0) for bag in full])

# %% exercise="bag_sum_by_hand" wrong="leans on the table of the notebook" says="should be" earns=1
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    return torch.stack([table[values[a:b]].sum(0) for a, b in zip(offsets.tolist(), ends)])

# %% exercise="bag_sum_by_hand" wrong="adds within the table" says="changed the table" earns=1
def bag_sum_by_hand(weight, values, offsets):
    ends = offsets.tolist()[1:] + [len(values)]
    sums = []
    with torch.no_grad():
        for a, b in zip(offsets.tolist(), ends):
            first, *others = values[a:b].tolist() or [0]
            for i in others:
                weight[first] += weight[i]
            sums.append(weight[first].clone())
    return torch.stack(sums)

# %% exercise="make_bag" right="a new layer, filled and frozen"
def make_bag(weight, mode):
    if mode not in {"sum", "mean", "max"}:
        raise ValueError(mode)
    bag = nn.EmbeddingBag(weight.shape[0], weight.shape[1], mode=mode)
    with torch.no_grad():
        bag.weight.copy_(weight)
    bag.weight.requires_grad_(False)
    return bag

# %% exercise="make_bag" right="through _weight, and a call that tries the mode out"
def make_bag(weight, mode):
    bag = nn.EmbeddingBag(*weight.shape, mode=mode, _weight=weight.clone())
    bag(torch.tensor([0]), torch.tensor([0]))
    return bag.requires_grad_(False)

# %% exercise="make_bag" right="through load_state_dict"
def make_bag(weight, mode):
    if mode != "sum" and mode != "mean" and mode != "max":
        raise ValueError("no such mode")
    bag = nn.EmbeddingBag(weight.size(0), weight.size(1), mode=mode)
    bag.load_state_dict({"weight": weight})
    for parameter in bag.parameters():
        parameter.requires_grad = False
    return bag

# %% exercise="make_bag" wrong="mode forgotten" says="'mean' unless you hand the mode on" earns=1
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    return nn.EmbeddingBag.from_pretrained(weight)

# %% exercise="make_bag" wrong="not frozen" says="would be trained" earns=2
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    return nn.EmbeddingBag.from_pretrained(weight, freeze=False, mode=mode)

# %% exercise="make_bag" wrong="mode left to PyTorch" says="only when the layer is called" earns=2
def make_bag(weight, mode):
    return nn.EmbeddingBag.from_pretrained(weight, mode=mode)

# %% exercise="make_bag" wrong="random numbers" says="random numbers" earns=1
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    bag = nn.EmbeddingBag(*weight.shape, mode=mode)
    bag.weight.requires_grad_(False)
    return bag

# %% exercise="make_bag" wrong="always the sum" says="of mode 'sum'" earns=1
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    return nn.EmbeddingBag.from_pretrained(weight, mode="sum")

# %% exercise="make_bag" wrong="KeyError for an unknown mode" says="raised KeyError" earns=2
def make_bag(weight, mode):
    known = {"sum": "sum", "mean": "mean", "max": "max"}
    return nn.EmbeddingBag.from_pretrained(weight, mode=known[mode])

# %% exercise="make_bag" wrong="a plain function" says="should return an nn.EmbeddingBag" earns=1
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    return lambda values, offsets=None: F.embedding_bag(values, weight, offsets, mode=mode)

# %% exercise="make_bag" wrong="shape transposed" says="shape of weight" earns=1
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    return nn.EmbeddingBag.from_pretrained(weight.T, mode=mode)

# %% exercise="make_bag" wrong="id 0 treated as padding" says="mode sum: the bag [8, 0]" earns=2
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    return nn.EmbeddingBag.from_pretrained(weight, mode=mode, padding_idx=0)

# %% exercise="make_bag" wrong="uses a global table" says="does not hold the numbers" earns=1
def make_bag(weight, mode):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(mode)
    return nn.EmbeddingBag.from_pretrained(torch.ones_like(table), mode=mode)

# %% exercise="weighted_bag" right="rows times weights, added with index_add"
def weighted_bag(weight, values, offsets, weights):
    sizes = torch.diff(offsets, append=torch.tensor([len(values)]))
    bag_of = torch.repeat_interleave(torch.arange(len(offsets)), sizes)
    zeros = torch.zeros(len(offsets), weight.shape[1], dtype=weight.dtype)
    return zeros.index_add(0, bag_of, weight[values] * weights[:, None])

# %% exercise="weighted_bag" right="a loop over the bags"
def weighted_bag(weight, values, offsets, weights):
    ends = offsets.tolist()[1:] + [len(values)]
    return torch.stack([weights[a:b] @ weight[values[a:b]] for a, b in zip(offsets.tolist(), ends)])

# %% exercise="weighted_bag" right="every id a bag of its own, then summed by differences"
def weighted_bag(weight, values, offsets, weights):
    rows = F.embedding(values, weight) * weights.unsqueeze(1)
    totals = torch.cat([torch.zeros(1, weight.shape[1], dtype=weight.dtype), rows.cumsum(0)])
    ends = torch.cat([offsets[1:], torch.tensor([len(values)])])
    return totals[ends] - totals[offsets]

# %% exercise="weighted_bag" wrong="weights per bag instead of per id" says="one weight for each id"
def weighted_bag(weight, values, offsets, weights):
    sums = F.embedding_bag(values, weight, offsets, mode="sum")
    return sums * weights[:len(offsets), None]

# %% exercise="weighted_bag" wrong="mode left at mean" says="mode='sum' only"
def weighted_bag(weight, values, offsets, weights):
    return F.embedding_bag(values, weight, offsets, per_sample_weights=weights)

# %% exercise="weighted_bag" wrong="mode mean, by hand" says="not the mean"
def weighted_bag(weight, values, offsets, weights):
    sums = F.embedding_bag(values, weight, offsets, mode="sum", per_sample_weights=weights)
    sizes = torch.diff(offsets, append=torch.tensor([len(values)])).clamp(min=1)
    return sums / sizes[:, None]

# %% exercise="weighted_bag" wrong="weights not used" says="weights have not been used"
def weighted_bag(weight, values, offsets, weights):
    return F.embedding_bag(values, weight, offsets, mode="sum")

# %% exercise="weighted_bag" wrong="divided by the sum of the weights" says="weighted mean"
def weighted_bag(weight, values, offsets, weights):
    sums = F.embedding_bag(values, weight, offsets, mode="sum", per_sample_weights=weights)
    ends = offsets.tolist()[1:] + [len(values)]
    totals = torch.stack([weights[a:b].sum() for a, b in zip(offsets.tolist(), ends)])
    return sums / totals[:, None]

# %% exercise="weighted_bag" wrong="from_pretrained" says="does not reach the table" earns=2
def weighted_bag(weight, values, offsets, weights):
    bag = nn.EmbeddingBag.from_pretrained(weight, mode="sum")
    return bag(values, offsets, per_sample_weights=weights)

# %% exercise="weighted_bag" wrong="weights detached" says="does not reach the weights" earns=2
def weighted_bag(weight, values, offsets, weights):
    return F.embedding_bag(values, weight, offsets, mode="sum", per_sample_weights=weights.detach())

# %% exercise="weighted_bag" wrong="one weight per table row" says="weight of its own" earns=1
def weighted_bag(weight, values, offsets, weights):
    scale = torch.ones(len(weight), dtype=weight.dtype)
    scale[values] = weights
    return F.embedding_bag(values, weight * scale[:, None], offsets, mode="sum")

# %% exercise="weighted_bag" wrong="scales the table in place" says="changed the table" earns=1
def weighted_bag(weight, values, offsets, weights):
    with torch.no_grad():
        for i, w in zip(values.tolist(), weights.tolist()):
            weight[i] *= w
    return F.embedding_bag(values, weight, offsets, mode="sum")

# %% exercise="weighted_bag" wrong="weights made positive and equal to one in total" says="expected"
def weighted_bag(weight, values, offsets, weights):
    return F.embedding_bag(
        values, weight, offsets, mode="sum", per_sample_weights=torch.softmax(weights, 0))

# %% exercise="weighted_bag" wrong="the visible example, hard-coded" says="shape should be" earns=1
def weighted_bag(weight, values, offsets, weights):
    return torch.tensor([[8.0, 9.5, 11, 12.5], [48, 50, 52, 54]])

# %% exercise="hash_bucket" right="binascii"
import binascii

def hash_bucket(token, buckets):
    return binascii.crc32(bytes(token, "utf8")) % buckets

# %% exercise="hash_bucket" right="CRC-32 bit by bit"
def hash_bucket(token, buckets):
    register = 0xFFFFFFFF
    for byte in token.encode():
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xEDB88320 if register & 1 else 0)
    return (register ^ 0xFFFFFFFF) % buckets

# %% exercise="hash_bucket" wrong="Python's hash" says="differs from run to run"
def hash_bucket(token, buckets):
    return hash(token) % buckets

# %% exercise="hash_bucket" wrong="latin-1" says="encode as utf-8" earns=1
def hash_bucket(token, buckets):
    return zlib.crc32(token.encode("latin-1", errors="replace")) % buckets

# %% exercise="hash_bucket" wrong="ASCII, which has no é" says="encode as utf-8" earns=1
def hash_bucket(token, buckets):
    return zlib.crc32(token.encode("ascii")) % buckets

# %% exercise="hash_bucket" wrong="a mask, right for powers of two only" says="power of two"
def hash_bucket(token, buckets):
    return zlib.crc32(token.encode("utf-8")) & (buckets - 1)

# %% exercise="hash_bucket" wrong="another checksum" says="crc-32"
def hash_bucket(token, buckets):
    return zlib.adler32(token.encode("utf-8")) % buckets

# %% exercise="hash_bucket" wrong="no modulo" says="should be in 0"
def hash_bucket(token, buckets):
    return zlib.crc32(token.encode("utf-8"))

# %% exercise="hash_bucket" wrong="a tensor" says="should return an int"
def hash_bucket(token, buckets):
    return torch.tensor(zlib.crc32(token.encode("utf-8")) % buckets)

# %% exercise="hash_bucket" wrong="tidies the token first" says="as it stands" earns=1
def hash_bucket(token, buckets):
    return zlib.crc32(token.strip().lower().encode("utf-8")) % buckets

# %% exercise="hash_bucket" wrong="the visible example, hard-coded" says="as it stands" earns=1
def hash_bucket(token, buckets):
    return {"q2x8": 171, "9juk": 18}.get(token, 0)

# %% exercise="hash_bucket" wrong="a vocabulary in a global" says="differs from run to run"
seen_tokens = {}

def hash_bucket(token, buckets):
    return seen_tokens.setdefault(token, len(seen_tokens)) % buckets

# %% exercise="expected_collisions" right="token by token"
def expected_collisions(tokens, buckets):
    total, free = 0.0, 1.0
    for _ in range(tokens):
        total += 1 - free
        free *= 1 - 1 / buckets
    return total

# %% exercise="expected_collisions" right="in NumPy, with logarithms that keep small numbers exact"
def expected_collisions(tokens, buckets):
    if buckets == 1:
        return max(tokens - 1.0, 0.0)
    return tokens + buckets * np.expm1(tokens * np.log1p(-1 / buckets))

# %% exercise="expected_collisions" wrong="the birthday probability" says="share a birthday"
def expected_collisions(tokens, buckets):
    none = 1.0
    for k in range(tokens):
        none *= 1 - k / buckets
    return 1 - none

# %% exercise="expected_collisions" wrong="expected pairs" says="three pairs"
def expected_collisions(tokens, buckets):
    return tokens * (tokens - 1) / (2 * buckets)

# %% exercise="expected_collisions" wrong="occupied buckets" says="occupied buckets"
def expected_collisions(tokens, buckets):
    return buckets * (1 - (1 - 1 / buckets) ** tokens)

# %% exercise="expected_collisions" wrong="both partners counted" says="both tokens of a pair"
def expected_collisions(tokens, buckets):
    return tokens * (1 - (1 - 1 / buckets) ** (tokens - 1))

# %% exercise="expected_collisions" wrong="tokens and buckets swapped" says="0.680 expected"
def expected_collisions(tokens, buckets):
    return buckets - tokens * (1 - (1 - 1 / tokens) ** buckets)

# %% exercise="expected_collisions" wrong="rounded to whole tokens" says="0.5 are expected"
def expected_collisions(tokens, buckets):
    return round(tokens - buckets * (1 - (1 - 1 / buckets) ** tokens))

# %% exercise="expected_collisions" wrong="rounded to three places" says="do not round" earns=1
def expected_collisions(tokens, buckets):
    return round(tokens - buckets * (1 - (1 - 1 / buckets) ** tokens), 3)

# %% exercise="expected_collisions" wrong="the exponential approximation" says="expected; got"
def expected_collisions(tokens, buckets):
    return tokens - buckets * (1 - np.exp(-tokens / buckets))

# %% exercise="expected_collisions" wrong="takes a list of tokens" says="tokens is an int"
def expected_collisions(tokens, buckets):
    n = len(tokens)
    return n - buckets * (1 - (1 - 1 / buckets) ** n)

# %% exercise="expected_collisions" wrong="the visible example, hard-coded" says="expected" earns=1
def expected_collisions(tokens, buckets):
    return {(2, 2): 0.5, (23, 365): 0.6796}.get((tokens, buckets), 0.0)
