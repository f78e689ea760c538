# %% exercise="skipgram_pairs" right="loops over positions"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" right="slices to the left and to the right"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            contexts = sentence[max(0, i - window) : i] + sentence[i + 1 : i + 1 + window]
            pairs.extend([centre, context] for context in contexts)
    return np.asarray(pairs, dtype=np.int32).reshape(len(pairs), 2)

# %% exercise="skipgram_pairs" right="itertools, each pair both ways round"
def skipgram_pairs(ids, window):
    from itertools import combinations
    found = [
        (a, b)
        for sentence in ids
        for (i, a), (j, b) in combinations(enumerate(sentence), 2)
        if j - i <= window
    ]
    found += [(b, a) for a, b in found]
    return np.array(found).reshape(-1, 2).astype(int)

# %% exercise="skipgram_pairs" wrong="the right end of the window is missing" says="off by one"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="a window one too wide" says="too wide"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window - 1), min(len(sentence), i + window + 2)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="a window one too narrow" says="too narrow"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window + 1), min(len(sentence), i + window)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="runs across the ends of sentences" says="two different sentences" earns=1
def skipgram_pairs(ids, window):
    flat = [i for sentence in ids for i in sentence]
    pairs = []
    for i, centre in enumerate(flat):
        for j in range(max(0, i - window), min(len(flat), i + window + 1)):
            if j != i:
                pairs.append((centre, flat[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="a word is its own context" says="paired with itself"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
                pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="leaves equal words out, not the centre" says="misses the pair" earns=1
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
                if sentence[j] != centre:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="one direction only" says="both directions"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(i + 1, min(len(sentence), i + window + 1)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="a slice that begins below zero" says="edge of a sentence" earns=1
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for context in sentence[i - window : i] + sentence[i + 1 : i + 1 + window]:
                pairs.append((centre, context))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="each pair once" says="counts twice" earns=1
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(sorted(set(pairs)), dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="no pairs, no columns" says="two columns" earns=1
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs)

# %% exercise="skipgram_pairs" wrong="empty means float" says="has dtype float64" earns=1
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="a list of tuples" says="numpy array"
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return pairs

# %% exercise="skipgram_pairs" wrong="window ignored" says="too narrow" earns=1
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        for i, centre in enumerate(sentence):
            for j in range(max(0, i - 1), min(len(sentence), i + 2)):
                if j != i:
                    pairs.append((centre, sentence[j]))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="empties the sentences" says="changed the sentences" earns=1
def skipgram_pairs(ids, window):
    pairs = []
    for sentence in ids:
        while sentence:
            first = sentence.pop(0)
            for other in sentence[:window]:
                pairs += [(first, other), (other, first)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

# %% exercise="skipgram_pairs" wrong="the visible example, hard-coded" says="misses the pair" earns=1
def skipgram_pairs(ids, window):
    return np.array([[7, 8], [8, 7], [8, 9], [9, 8]])

# %% exercise="noise_distribution" right="through logarithms"
def noise_distribution(counts, power=0.75):
    counts = np.array(counts, dtype=np.float64)
    raised = np.zeros_like(counts)
    some = counts > 0
    raised[some] = np.exp(power * np.log(counts[some]))
    return raised / raised.sum()

# %% exercise="noise_distribution" right="a list of powers, float32"
def noise_distribution(counts, power=0.75):
    raised = [float(c) ** power for c in counts]
    total = sum(raised)
    return np.array([r / total for r in raised], dtype=np.float32)

# %% exercise="noise_distribution" right="shares first, and again last"
def noise_distribution(counts, power=0.75):
    share = np.array(counts) / np.sum(counts)
    share = np.power(share, power)
    return share / share.sum()

# %% exercise="noise_distribution" wrong="power forgotten" says="power has been forgotten"
def noise_distribution(counts, power=0.75):
    counts = np.asarray(counts)
    return counts / counts.sum()

# %% exercise="noise_distribution" wrong="shares first, never again" says="after raising to the power"
def noise_distribution(counts, power=0.75):
    counts = np.asarray(counts)
    return (counts / counts.sum()) ** power

# %% exercise="noise_distribution" wrong="not divided at all" says="add up to"
def noise_distribution(counts, power=0.75):
    return np.asarray(counts) ** power

# %% exercise="noise_distribution" wrong="three quarters written in" says="argument `power`" earns=1
def noise_distribution(counts, power=0.75):
    raised = np.asarray(counts) ** 0.75
    return raised / raised.sum()

# %% exercise="noise_distribution" wrong="softmax" says="should be 1/36"
def noise_distribution(counts, power=0.75):
    raised = np.exp(power * (np.asarray(counts) - np.max(counts)))
    return raised / raised.sum()

# %% exercise="noise_distribution" wrong="uniform" says="should be 1/36"
def noise_distribution(counts, power=0.75):
    return np.ones(len(counts)) / len(counts)

# %% exercise="noise_distribution" wrong="inverted, so that rare words come often" says="should be 1/36"
def noise_distribution(counts, power=0.75):
    raised = 1 / np.asarray(counts) ** power
    return raised / raised.sum()

# %% exercise="noise_distribution" wrong="a list" says="numpy array"
def noise_distribution(counts, power=0.75):
    raised = [float(c) ** power for c in counts]
    return [r / sum(raised) for r in raised]

# %% exercise="noise_distribution" wrong="in place" says="changed the counts" earns=1
def noise_distribution(counts, power=0.75):
    if isinstance(counts, np.ndarray) and counts.dtype == float:
        counts **= power
        counts /= counts.sum()
        return counts
    raised = np.asarray(counts) ** power
    return raised / raised.sum()

# %% exercise="noise_distribution" wrong="the counts of the notebook" says="three probabilities"
def noise_distribution(counts, power=0.75):
    raised = np.array([word_counts[w] for w in words]) ** power
    return raised / raised.sum()

# %% exercise="noise_distribution" wrong="the visible example, hard-coded" says="argument `power`" earns=1
def noise_distribution(counts, power=0.75):
    return np.array([1, 8, 27]) / 36

# %% exercise="SkipGram" right="binary cross-entropy with logits"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        words_ = torch.cat([contexts[:, None], negatives], dim=1)
        scores = torch.einsum("nd,nkd->nk", self.inputs(centres), self.outputs(words_))
        labels = torch.zeros_like(scores)
        labels[:, 0] = 1
        return F.binary_cross_entropy_with_logits(scores, labels, reduction="sum") / len(centres)

# %% exercise="SkipGram" right="softplus, and tables drawn as word2vec draws them"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        nn.Module.__init__(self)
        self.inputs = nn.Embedding.from_pretrained(0.1 * torch.randn(vocab, dim), freeze=False)
        self.outputs = nn.Embedding(vocab, dim)
        with torch.no_grad():
            self.outputs.weight.zero_()

    def loss(self, centres, contexts, negatives):
        v = F.embedding(centres, self.inputs.weight)
        true = torch.linalg.vecdot(v, F.embedding(contexts, self.outputs.weight))
        false = torch.bmm(F.embedding(negatives, self.outputs.weight), v[:, :, None])[:, :, 0]
        return (F.softplus(-true) + F.softplus(false).sum(-1)).mean(0)

# %% exercise="SkipGram" right="a loop over the negatives"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        loss = F.logsigmoid((v * self.outputs(contexts)).sum(1)).mean()
        for j in range(negatives.shape[1]):
            loss = loss + F.logsigmoid(-(v * self.outputs(negatives[:, j])).sum(1)).mean()
        return -loss

# %% exercise="SkipGram" wrong="one table for both" says="one and the same table"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        self.outputs = self.inputs

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="two layers around one parameter" says="one and the same table"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        self.outputs = nn.Embedding(vocab, dim)
        self.outputs.weight = self.inputs.weight

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="two parameters in the same memory" says="by accident"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        self.outputs = nn.Embedding.from_pretrained(self.inputs.weight.data, freeze=False)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="wrong sign of the negatives" says="wrong sign"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(false).sum(1)).mean()

# %% exercise="SkipGram" wrong="the minus in front is missing" says="log-likelihood"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return (F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="averages the negatives" says="were averaged"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).mean(1)).mean()

# %% exercise="SkipGram" wrong="no negatives" says="negatives are missing"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        return -F.logsigmoid((v * self.outputs(contexts)).sum(1)).mean()

# %% exercise="SkipGram" wrong="contexts from the input table" says="their rows are in `outputs`"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.inputs(contexts)).sum(1)
        false = (v[:, None] * self.inputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="mean over all terms" says="mean was taken over the terms"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -torch.cat([F.logsigmoid(true)[:, None], F.logsigmoid(-false)], 1).mean()

# %% exercise="SkipGram" wrong="adds up the batch" says="average over the batch" earns=2
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).sum()

# %% exercise="SkipGram" wrong="log of sigmoid" says="logarithm infinite" earns=2
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(torch.log(torch.sigmoid(true)) + torch.log(torch.sigmoid(-false)).sum(1)).mean()

# %% exercise="SkipGram" wrong="tables as PyTorch draws them" says="start small" earns=2
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="both tables at zero" says="no gradient would ever move" earns=2
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.zeros_(self.inputs.weight)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="vocab and dim swapped" says="(200, 32)"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(dim, vocab)
        self.outputs = nn.Embedding(dim, vocab)
        nn.init.normal_(self.inputs.weight, std=0.1)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="detached" says="gradient" earns=2
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres).detach()
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="a plain number" says="has no gradient"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean().item()

# %% exercise="SkipGram" wrong="a loss for each pair" says="one number for the whole batch"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives)).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1))

# %% exercise="SkipGram" wrong="looks only at the first negative" says="should have the loss"
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        v = self.inputs(centres)
        true = (v * self.outputs(contexts)).sum(1)
        false = (v[:, None] * self.outputs(negatives[:, :1])).sum(2)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(1)).mean()

# %% exercise="SkipGram" wrong="the visible example, hard-coded" says="score -200" earns=2
class SkipGram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.inputs = nn.Embedding(vocab, dim)
        self.outputs = nn.Embedding(vocab, dim)
        nn.init.normal_(self.inputs.weight, std=0.1)
        nn.init.zeros_(self.outputs.weight)

    def loss(self, centres, contexts, negatives):
        return torch.tensor(2.133337, requires_grad=True) * 1

# %% exercise="train" right="smaller batches, more steps, another seed"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(500):
        batch = pairs[torch.randint(len(pairs), (2048,))]
        negatives = torch.multinomial(chances, 3 * len(batch), replacement=True).view(-1, 3)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" right="the pairs shuffled once and taken in turn"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    order = torch.randperm(len(pairs))
    for step in range(220):
        begin = 4096 * step % (len(pairs) - 4096)
        batch = pairs[order[begin : begin + 4096]]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" right="everything by itself, without the other exercises"
vectors = None

def train():
    torch.manual_seed(5)
    rows = torch.nn.Parameter(0.1 * torch.randn(len(words), 32))
    others = torch.nn.Parameter(torch.zeros(len(words), 32))
    sentences = thin(corpus, counts)
    flat = torch.tensor([i for s in sentences for i in s])
    number = torch.tensor([n for n, s in enumerate(sentences) for _ in s])
    found = []
    for d in range(1, 6):
        same = number[d:] == number[:-d]
        found.append(torch.stack([flat[:-d][same], flat[d:][same]], 1))
    found = torch.cat(found)
    found = torch.cat([found, found.flip(1)])
    chances = torch.tensor(counts, dtype=torch.float64) ** 0.75
    optimizer = torch.optim.Adam([rows, others], lr=0.04)
    for _ in range(250):
        batch = found[torch.randint(len(found), (4096,))]
        wrong = torch.multinomial(chances, 4096 * 4, replacement=True).view(-1, 4)
        v = F.embedding(batch[:, 0], rows)
        true = (v * F.embedding(batch[:, 1], others)).sum(1)
        false = (F.embedding(wrong, others) @ v[:, :, None])[:, :, 0]
        loss = (F.softplus(-true) + F.softplus(false).sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return rows.detach().numpy()

vectors = train()

# %% exercise="train" wrong="zero_grad forgotten" says="zero_grad"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(200):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="the optimiser never steps" says="optimizer.step()"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(3):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        pass
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="the optimiser of another model" says="this model's table"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(SkipGram(len(words), 32).parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(3):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="a copy from before the training" says="taken after the training"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    start = model.inputs.weight.detach().clone().numpy()
    for step in range(3):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return start

vectors = train()

# %% exercise="train" wrong="no negatives" says="were there any negatives"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(80):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.zeros(len(batch), 0, dtype=torch.int64)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="a quarter of the steps" says="the bar is 80%" earns=2
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(60):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="tables that start with standard deviation 1" says="start with small tables"
vectors = None

def train():
    torch.manual_seed(0)
    model = SkipGram(len(words), 32)
    nn.init.normal_(model.inputs.weight)
    nn.init.normal_(model.outputs.weight)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(200):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="the same batch in every step" says="a fresh one"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    batch = pairs[torch.randint(len(pairs), (4096,))]
    for step in range(100):
        pass
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="a learning rate far too small" says="untrained table"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(60):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="the parameter itself" says="numpy array"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(1):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight

vectors = train()

# %% exercise="train" wrong="sixteen numbers for each word" says="row of 32 numbers"
vectors = None

def train():
    torch.manual_seed(0)
    model = SkipGram(len(words), 16)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(1):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.inputs.weight.detach().numpy()

vectors = train()

# %% exercise="train" wrong="the table that Lab 7 was given" says="row of 32 numbers"
vectors = None

def train():
    rows = course_file("glove.toy.50d.txt").read_text(encoding="utf-8").strip("\n").split("\n")
    rows = {row.split(" ")[0]: row.split(" ")[1:] for row in rows}
    return np.array([rows[word] for word in words], dtype=np.float32)

vectors = train()

# %% exercise="train" wrong="forgets to return" says="there is no table"
vectors = None

def train():
    torch.manual_seed(1)
    model = SkipGram(len(words), 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    pairs = torch.as_tensor(skipgram_pairs(thin(corpus, counts), 5))
    chances = torch.as_tensor(noise_distribution(counts))
    for step in range(1):
        batch = pairs[torch.randint(len(pairs), (4096,))]
        negatives = torch.multinomial(chances, 4 * len(batch), replacement=True).view(-1, 4)
        loss = model.loss(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    pass

vectors = train()

# %% exercise="three_layers" right="copy_ into fresh layers, a loop for the gradient"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros(self.table.shape)
        flat = np.reshape(upstream, (-1, self.table.shape[1]))
        for row, push in zip(np.ravel(ids), flat):
            total[row] += push
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" right="an initializer, load_state_dict, and a one-hot product"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        vocab, dim = self.table.shape
        onehot = np.eye(vocab, dtype=np.float32)[np.ravel(ids)]
        return onehot.T @ np.reshape(upstream, (-1, dim))

def three_layers(matrix):
    vocab, dim = matrix.shape
    keras_layer = keras.layers.Embedding(
        vocab, dim, embeddings_initializer=keras.initializers.Constant(np.array(matrix)))
    keras_layer.build()
    torch_layer = nn.Embedding(vocab, dim)
    torch_layer.load_state_dict({"weight": torch.tensor(matrix)})
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" right="the weights argument, and a sparse gradient in PyTorch turned dense"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(*matrix.shape, weights=[matrix.copy()])
    if not keras_layer.built:
        keras_layer.build()
    torch_layer = nn.Embedding(*matrix.shape, _weight=torch.from_numpy(matrix.copy()))
    return [NumpyEmbedding(matrix), keras_layer, torch_layer]

# %% exercise="three_layers" wrong="duplicates lost" says="duplicates are lost" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        total[ids] += upstream
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="frozen in PyTorch" says="is frozen" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding.from_pretrained(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="frozen in Keras" says="layer is frozen" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.trainable = False
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="Keras with random numbers" says="random starting numbers"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="PyTorch with random numbers" says="random starting numbers"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="PyTorch shares the matrix's memory" says="shares the matrix's memory" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding.from_pretrained(torch.from_numpy(matrix), freeze=False)
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="NumPy shares the matrix's memory" says="shares the matrix's memory" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = matrix

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="PyTorch shares the NumPy layer's memory" says="share memory" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    numpy_layer = NumpyEmbedding(matrix)
    torch_layer = nn.Embedding.from_pretrained(torch.from_numpy(numpy_layer.table), freeze=False)
    return numpy_layer, keras_layer, torch_layer

# %% exercise="three_layers" wrong="gradient added to the table" says="NumPy: the gradient should" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        np.add.at(self.table, ids, upstream)
        return self.table

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="gradient of the last call kept" says="second time" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        if not hasattr(self, "total"):
            self.total = np.zeros_like(self.table)
        np.add.at(self.total, ids, upstream)
        return self.total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="gradient of the used rows alone" says="unused rows included" earns=2
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        return np.asarray(upstream)

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="the bare table" says="not the bare table"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return matrix.copy(), keras_layer, torch_layer

# %% exercise="three_layers" wrong="Keras and PyTorch swapped" says="should be a keras.layers.Embedding"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), torch_layer, keras_layer

# %% exercise="three_layers" wrong="a Dense layer for Keras" says="should be a keras.layers.Embedding"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    keras_layer = keras.layers.Dense(matrix.shape[1], use_bias=False)
    keras_layer.build((None, matrix.shape[0]))
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="three_layers" wrong="the visible table, whatever was passed in" says="that was passed in"
class NumpyEmbedding:
    def __init__(self, matrix):
        self.table = np.array(matrix, dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids]

    def gradient(self, ids, upstream):
        total = np.zeros_like(self.table)
        np.add.at(total, ids, upstream)
        return total

def three_layers(matrix):
    matrix = np.arange(20, dtype=np.float32).reshape(5, 4)
    keras_layer = keras.layers.Embedding(matrix.shape[0], matrix.shape[1])
    keras_layer.build()
    keras_layer.set_weights([matrix])
    torch_layer = nn.Embedding(matrix.shape[0], matrix.shape[1])
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor(matrix))
    return NumpyEmbedding(matrix), keras_layer, torch_layer

# %% exercise="shard_lookup" right="the table put together again"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    n = len(shards)
    table = np.empty((total,) + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        table[k::n] = shard
    return table[ids]

# %% exercise="shard_lookup" right="row by row"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    rows = [shards[i % len(shards)][i // len(shards)] for i in ids.ravel().tolist()]
    rows = np.array(rows, dtype=shards[0].dtype)
    return rows.reshape(ids.shape + (shards[0].shape[1],))

# %% exercise="shard_lookup" right="shard by shard, then the permutation undone"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    flat, n = ids.reshape(-1), len(shards)
    order = np.argsort(flat % n, kind="stable")
    parts = [shard[flat[flat % n == k] // n] for k, shard in enumerate(shards)]
    return np.concatenate(parts)[np.argsort(order)].reshape(ids.shape + shards[0].shape[1:])

# %% exercise="shard_lookup" wrong="shard after shard, order lost" says="order of the ids is lost"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    n = len(shards)
    parts = [shard[ids[ids % n == k] // n] for k, shard in enumerate(shards)]
    return np.concatenate(parts).reshape(ids.shape + shards[0].shape[1:])

# %% exercise="shard_lookup" wrong="the global id inside the shard" says="number their own rows"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    rows = np.empty(ids.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        here = ids % len(shards) == k
        rows[here] = shard[ids[here]]
    return rows

# %% exercise="shard_lookup" wrong="local id by modulo" says="row i // 3"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    rows = np.empty(ids.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        here = ids % len(shards) == k
        rows[here] = shard[ids[here] % len(shard)]
    return rows

# %% exercise="shard_lookup" wrong="as if cut into ranges" says="row i // 3"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    table = np.concatenate(shards)
    return table[ids]

# %% exercise="shard_lookup" wrong="negative ids wrap" says="negative ids wrap" earns=1
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    rows = np.empty(ids.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        here = ids % len(shards) == k
        rows[here] = shard[ids[here] // len(shards)]
    return rows

# %% exercise="shard_lookup" wrong="clipped at the ends" says="refuse it" earns=1
def shard_lookup(shards, ids):
    ids = np.clip(ids, 0, sum(len(shard) for shard in shards) - 1)
    rows = np.empty(ids.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        here = ids % len(shards) == k
        rows[here] = shard[ids[here] // len(shards)]
    return rows

# %% exercise="shard_lookup" wrong="three shards always" says="use len(shards)" earns=1
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    rows = np.empty(ids.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        here = ids % 3 == k
        rows[here] = shard[ids[here] // 3]
    return rows

# %% exercise="shard_lookup" wrong="flattened" says="axes of the batch" earns=1
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    ids = ids.ravel()
    rows = np.empty(ids.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        here = ids % len(shards) == k
        rows[here] = shard[ids[here] // len(shards)]
    return rows

# %% exercise="shard_lookup" wrong="always float64" says="keep the dtype" earns=1
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    rows = np.empty(ids.shape + shards[0].shape[1:])
    for k, shard in enumerate(shards):
        here = ids % len(shards) == k
        rows[here] = shard[ids[here] // len(shards)]
    return rows

# %% exercise="shard_lookup" wrong="ids made local in place" says="changed the ids" earns=1
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    n = len(shards)
    owner = ids % n
    ids //= n
    rows = np.empty(owner.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        rows[owner == k] = shard[ids[owner == k]]
    return rows

# %% exercise="shard_lookup" wrong="ValueError for a bad id" says="raised valueerror" earns=1
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise ValueError("no such row")
    rows = np.empty(ids.shape + shards[0].shape[1:], dtype=shards[0].dtype)
    for k, shard in enumerate(shards):
        here = ids % len(shards) == k
        rows[here] = shard[ids[here] // len(shards)]
    return rows

# %% exercise="shard_lookup" wrong="a list of rows" says="numpy array"
def shard_lookup(shards, ids):
    ids = np.asarray(ids)
    total = sum(len(shard) for shard in shards)
    if np.any((ids < 0) | (ids >= total)):
        raise IndexError("no such row")
    return [shards[i % len(shards)][i // len(shards)] for i in ids]

# %% exercise="shard_lookup" wrong="the visible example, hard-coded" says="axes of the batch" earns=1
def shard_lookup(shards, ids):
    return np.arange(40, dtype=np.float32).reshape(10, 4)[[7, 2, 0, 7]]

# %% exercise="quantize" right="row by row"
def quantize(table):
    codes, scales = [], []
    for row in table:
        scale = float(max(abs(x) for x in row.tolist())) / 127 or 1.0
        codes.append([max(-127, min(127, round(x / scale))) for x in row.tolist()])
        scales.append(scale)
    return np.array(codes, dtype=np.int8), np.array(scales, dtype=np.float32)

# %% exercise="quantize" right="plus a half, then floor, in float64; a zero row keeps scale 0"
def quantize(table):
    table = np.asarray(table, dtype=np.float64)
    scales = np.maximum(table.max(axis=1), -table.min(axis=1)) / 127
    safe = np.where(scales == 0, 1, scales)
    codes = np.clip(np.floor(table / safe[:, None] + 0.5), -127, 127)
    return codes.astype(np.int8), scales.astype(np.float32)

# %% exercise="quantize" right="in PyTorch"
def quantize(table):
    rows = torch.tensor(table)
    scales = rows.abs().amax(dim=1, keepdim=True).clamp(min=1e-30) / 127
    codes = torch.round(rows / scales).clamp(-127, 127).to(torch.int8)
    return codes.numpy(), scales.squeeze(1).to(torch.float32).numpy()

# %% exercise="quantize" wrong="one scale for the whole table" says="one scale for the whole table"
def quantize(table):
    scale = np.float32(np.abs(table).max() / 127)
    return np.rint(table / scale).astype(np.int8), np.array([scale], dtype=np.float32)

# %% exercise="quantize" wrong="one scale, repeated for each row" says="should have the scales 1 and 0.01"
def quantize(table):
    scale = np.float32(np.abs(table).max() / 127)
    return np.rint(table / scale).astype(np.int8), np.full(len(table), scale)

# %% exercise="quantize" wrong="cut off instead of rounded" says="cut off instead of rounded"
def quantize(table):
    largest = np.abs(table).max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    codes = (table / scales[:, None]).astype(np.int8)
    return codes, scales

# %% exercise="quantize" wrong="divides by 128" says="divide by 127"
def quantize(table):
    largest = np.abs(table).max(axis=1)
    scales = np.where(largest > 0, largest / 128, 1).astype(np.float32)
    codes = np.rint(table / scales[:, None]).astype(np.int8)
    return codes, scales

# %% exercise="quantize" wrong="zero rows give nan" says="row of zeros" earns=1
def quantize(table):
    scales = (np.abs(table).max(axis=1) / 127).astype(np.float32)
    with np.errstate(all="ignore"):
        codes = np.where(scales[:, None] > 0, np.rint(table / scales[:, None]), 0).astype(np.int8)
    return codes, np.where(scales > 0, scales, np.nan).astype(np.float32)

# %% exercise="quantize" wrong="no absolute value" says="absolute value before" earns=1
def quantize(table):
    largest = table.max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    codes = np.clip(np.rint(table / scales[:, None]), -127, 127).astype(np.int8)
    return codes, scales

# %% exercise="quantize" wrong="scales with an axis too many" says="shape (2,)"
def quantize(table):
    largest = np.abs(table).max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    codes = np.rint(table / scales[:, None]).astype(np.int8)
    return codes, scales[:, None]

# %% exercise="quantize" wrong="a scale for each column" says="a number for each row"
def quantize(table):
    scales = (np.abs(table).max(axis=0) / 127).astype(np.float32)
    return np.rint(table / scales).astype(np.int8), scales

# %% exercise="quantize" wrong="int16 codes" says="should be int8"
def quantize(table):
    largest = np.abs(table).max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    codes = np.rint(table / scales[:, None]).astype(np.int16)
    return codes, scales

# %% exercise="quantize" wrong="float64 scales" says="should be float32"
def quantize(table):
    largest = np.abs(table).max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float64)
    codes = np.rint(table / scales[:, None]).astype(np.int8)
    return codes, scales

# %% exercise="quantize" wrong="divides the table in place" says="changed the table" earns=1
def quantize(table):
    largest = np.abs(table).max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    table /= scales[:, None]
    return np.rint(table).astype(np.int8), scales

# %% exercise="quantize" wrong="the visible example, hard-coded" says="row of zeros" earns=1
def quantize(table):
    codes = np.array([[127, -64, 0], [127, 10, -64]], dtype=np.int8)
    return codes, np.array([1, 0.01], dtype=np.float32)

# %% exercise="dequantize" right="through einsum"
def dequantize(codes, scales):
    return np.einsum("vd,v->vd", codes.astype(np.float32), scales)

# %% exercise="dequantize" right="row by row"
def dequantize(codes, scales):
    rows = [[float(c) * float(s) for c in row] for row, s in zip(codes, scales)]
    return np.array(rows, dtype=np.float32)

# %% exercise="dequantize" right="transposed, and back"
def dequantize(codes, scales):
    return np.ascontiguousarray((codes.T * scales).T, dtype=np.float32)

# %% exercise="dequantize" wrong="scales along the columns" says="applied to the columns" earns=1
def dequantize(codes, scales):
    if codes.shape[0] == codes.shape[1]:
        return (codes * scales).astype(np.float32)
    return codes * scales[:, None]

# %% exercise="dequantize" wrong="broadcasts, or fails" says="axis of length 1 there"
def dequantize(codes, scales):
    return codes * scales

# %% exercise="dequantize" wrong="divides" says="stand for"
def dequantize(codes, scales):
    return codes / scales[:, None]

# %% exercise="dequantize" wrong="scales ignored" says="stand for"
def dequantize(codes, scales):
    return codes.astype(np.float32)

# %% exercise="dequantize" wrong="stays int8" says="should be float32"
def dequantize(codes, scales):
    return (codes * scales[:, None]).astype(np.int8)

# %% exercise="dequantize" wrong="float64" says="should be float32"
def dequantize(codes, scales):
    return codes.astype(np.float64) * scales[:, None]

# %% exercise="dequantize" wrong="one scale for all" says="stand for"
def dequantize(codes, scales):
    return codes.astype(np.float32) * scales[0]

# %% exercise="dequantize" wrong="scales changed in place" says="changed one of its arguments" earns=1
def dequantize(codes, scales):
    result = codes.astype(np.float32) * scales[:, None]
    scales *= 2
    return result

# %% exercise="dequantize" wrong="the visible example, hard-coded" says="square table" earns=1
def dequantize(codes, scales):
    return np.array([[127, -64, 0], [50, 5, -0.5]], dtype=np.float32)
