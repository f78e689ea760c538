"""Write `corpus.txt`, sentences from a small grammar, and `analogies.txt`, questions about it.

    python data/make_corpus.py

The grammar has seven subjects. In four of them words come in pairs or threes (a dog and a puppy;
France, Paris and French), and a sentence joins three kinds of words: one of the pair, words that
tell its role (all that are young are newborn and playful) and words that describe both of the pair
(dog and puppy: meat, fur, paws). A model of co-occurrence learns both, and so "dog is to puppy as
cat is to ..." has an answer: a direction.

Every describing word belongs to several pairs, each pair has another combination. With words of
its own for every pair the grammar would need a hundred directions: of such a grammar, 50 numbers
for each word (by singular values of PPMI) answered four questions in ten, 100 numbers eight.

No text from anywhere else is used.
"""

from __future__ import annotations

from pathlib import Path

from common import HERE, Random, write

SEED = 20
SENTENCES = 30_000


def rows(table: str) -> list[list[str]]:
    return [row.split() for line in table.strip().split("\n") for row in line.split(" | ")]


# country, capital, adjective, and what the three are spoken of with
COUNTRIES = rows("""
france paris french europe atlantic wine cheese alps cycling
germany berlin german europe baltic beer sausages forests football
italy rome italian europe mediterranean wine noodles alps football
spain madrid spanish europe mediterranean wine olives plains football
portugal lisbon portuguese europe atlantic wine fish beaches football
england london english europe atlantic tea bread rain cricket
ireland dublin irish europe atlantic beer potatoes rain rugby
norway oslo norwegian europe fjords snow fish forests skiing
sweden stockholm swedish europe baltic snow bread forests hockey
finland helsinki finnish europe baltic snow lakes saunas hockey
poland warsaw polish europe baltic vodka potatoes plains volleyball
austria vienna austrian europe danube coffee cakes alps skiing
hungary budapest hungarian europe danube wine peppers plains swimming
greece athens greek europe mediterranean sunshine olives islands temples
russia moscow russian asia europe snow vodka plains hockey
egypt cairo egyptian africa mediterranean desert bread sunshine temples
kenya nairobi kenyan africa savanna tea maize sunshine running
morocco rabat moroccan africa atlantic desert tea spices football
japan tokyo japanese asia pacific tea rice islands judo
china beijing chinese asia pacific tea noodles rivers gymnastics
india delhi indian asia monsoon tea spices temples cricket
thailand bangkok thai asia monsoon beaches rice temples boxing
nepal kathmandu nepalese asia snow lentils rice temples climbing
cuba havana cuban america beaches rum sugar islands boxing
peru lima peruvian america pacific potatoes maize temples climbing
brazil brasilia brazilian america atlantic coffee sugar rivers football
canada ottawa canadian america pacific snow lakes forests hockey
australia canberra australian pacific desert beef beaches sunshine cricket
""")

# he, she, and what both are spoken of with
PAIRS = rows("""
king queen palace crown throne kingdom army
prince princess palace crown ball kingdom horse
emperor empress palace throne empire army war
duke duchess castle crown land horse hunt
lord lady castle land money dinner hunt
hero heroine castle sword war legend horse
wizard witch castle wand potion legend cave
monk nun church prayer garden candle book
father mother house children kitchen dinner work
son daughter house children school homework bedroom
brother sister house bicycle toys quarrel bedroom
husband wife house wedding ring dinner work
groom bride church wedding ring flowers dance
uncle aunt farm visit presents dinner holiday
nephew niece farm visit presents toys holiday
grandfather grandmother armchair visit memories garden book
actor actress theatre stage costume dance film
waiter waitress restaurant tray dinner work money
boy girl school bicycle toys playground football
man woman street newspaper work money umbrella
""")

# adjective, comparative, superlative, and things that may be so
ADJECTIVES = rows("""
big bigger biggest house ship elephant city stone
small smaller smallest mouse village stone bird box
tall taller tallest tower tree house giraffe man
short shorter shortest story pencil road man day
fast faster fastest train car horse ship runner
slow slower slowest train snail walker river song
cold colder coldest winter wind river night soup
hot hotter hottest summer desert soup fire day
old older oldest tree tower story man coin
young younger youngest tree horse runner singer pupil
strong stronger strongest elephant wind rope horse wrestler
weak weaker weakest rope voice pupil bridge tea
rich richer richest city banker soup merchant singer
poor poorer poorest village farmer pupil harvest street
bright brighter brightest star fire lamp summer coin
dark darker darkest night winter cellar forest street
loud louder loudest voice drum train song storm
quiet quieter quietest village night voice mouse forest
heavy heavier heaviest stone box elephant anvil storm
deep deeper deepest river cellar lake voice forest
high higher highest tower mountain bridge wall bird
long longer longest road river rope winter story
wide wider widest road river bridge desert lake
hard harder hardest stone winter pencil question wall
sharp sharper sharpest knife pencil stone wind needle
clever cleverer cleverest mouse pupil banker question fox
""")

# animal, young, and what both are spoken of with
ANIMALS = rows("""
dog puppy barks home meat fur paws ball
cat kitten meows home fish fur paws basket
cow calf moos farm grass hooves barn bell
horse foal neighs farm hay hooves mane stable
sheep lamb bleats farm grass hooves wool meadow
pig piglet grunts farm turnips mud barn tail
goat kid bleats mountains leaves hooves horns meadow
hen chick clucks farm seeds feathers wings barn
duck duckling quacks pond bread feathers beak reeds
goose gosling honks pond grass feathers wings neck
swan cygnet hisses river weeds feathers wings neck
eagle eaglet screeches mountains meat feathers wings nest
owl owlet hoots forest mice feathers wings nest
lion cub roars savanna meat fur mane paws
fox kit barks forest mice fur tail den
deer fawn bellows forest leaves hooves antlers meadow
hare leveret squeaks meadow grass fur ears burrow
kangaroo joey thumps desert grass pouch tail jumps
frog tadpole croaks pond insects mud reeds jumps
seal pup barks sea fish flippers whiskers ice
""")

FRUIT, VEGETABLES, DRINKS, BAKED, DAYS, MONTHS = rows("""
apple pear plum peach cherry grape banana orange lemon melon strawberry raspberry
carrot onion cabbage leek spinach pea bean celery pumpkin radish turnip lettuce
tea milk water juice lemonade cocoa cider wine beer
loaf cake pie biscuit muffin scone tart bun
monday tuesday wednesday thursday friday saturday sunday
january february march april may june july august september october november december
""")
SEASONS = ["winter"] * 2 + ["spring"] * 3 + ["summer"] * 3 + ["autumn"] * 3 + ["winter"]
WEATHER = {
    season: words
    for season, *words in rows("""
winter snow frost ice fog
spring showers blossom rainbows breeze
summer sunshine heat drought storms
autumn rain wind mist hail
""")
}

# product, and what only products of its kind are spoken of with
PRODUCTS = rows("""
kettle kitchen boils | toaster kitchen bread | blender kitchen juice
jacket zip wear | shoes size wear | backpack zip pockets | watch strap wear
camera screen photos | phone screen photos | headphones cable sound | keyboard cable typing
lamp bedroom light | chair legs comfortable | table legs wood | mattress bedroom comfortable
""")

ASPECTS, GOOD, BAD, PLEASED, CROSS, VERY = rows("""
quality price delivery service packaging design colour material finish instructions
good great excellent wonderful lovely superb fantastic perfect brilliant reliable
bad terrible awful horrible dreadful disappointing faulty useless shoddy flimsy
happy pleased delighted satisfied thrilled impressed
unhappy disappointed annoyed upset angry frustrated
very really quite so extremely
""")


def some(r: Random, items: list[str], count: int) -> list[str]:
    """`count` different items, in random order."""
    left = list(items)
    return [left.pop(r.below(len(left))) for _ in range(count)]


def country(r: Random) -> str:
    land, city, adjective, *about = r.pick(COUNTRIES)
    x, y, z = some(r, about, 3)
    return r.pick(
        [
            f"{city} is the capital of {land}",
            f"{city} is the {adjective} capital",
            f"the {adjective} government of {land} sits in {city}",
            f"the streets of {city} make you think of {x} and {y} and {z}",
            f"in the city of {city} tourists find {x} and {y}",
            f"the mayor of {city} talked about {x} and {y}",
            f"museums and hotels in {city} show {x} and {y}",
            f"the airport of {city} has posters of {x} and {y}",
            f"the country of {land} is known for {x} and {y} and {z}",
            f"all over {land} people talk about {x} and {y}",
            f"across the borders of {land} there is {x} and {y}",
            f"farmers in {land} know about {x} and {y}",
            f"the map of {land} shows {x} and {y}",
            f"{adjective} people like {x} and {y} and {z}",
            f"a {adjective} song about {x} and {y}",
            f"the {adjective} language has many words for {x} and {y}",
            f"{adjective} newspapers write about {x} and {y}",
            f"a {adjective} teacher spoke {adjective} about {x} and {y}",
        ]
    )


def family(r: Random) -> str:
    he_who, she_who, *about = r.pick(PAIRS)
    x, y, z = some(r, about, 3)
    if r.below(2):
        who, he, his, him, self, sir = he_who, "he", "his", "him", "himself", "sir"
        male, fellow = "male", "gentleman"
    else:
        who, he, his, him, self, sir = she_who, "she", "her", "her", "herself", "madam"
        male, fellow = "female", "gentlewoman"
    return r.pick(
        [
            f"the {who} said that {he} thought of the {x} and the {y}",
            f"the {who} dreamt of {his} {x} and {he} smiled",
            f"{he} is a {who} and {he} knows the {x} and the {y}",
            f"a {who} is {male} and {he} has {his} {x} and {his} {y}",
            f"the {who} {self} spoke of the {x} and the {y} and the {z}",
            f"we asked the {who} about {his} {x} and {his} {y}",
            f"yes {sir} the {who} is here with {his} {x} and {y}",
            f"the {x} and the {y} made the {who} smile and we thanked {him}",
            f"the {fellow} is a {who} and {he} likes the {x} and the {y}",
            f"{he} was a {who} {self} before the {x} and the {y} were {his}",
        ]
    )


def comparison(r: Random) -> str:
    plain, more, most, *things = r.pick(ADJECTIVES)
    thing, other = some(r, things, 2)
    return r.pick(
        [
            f"the {thing} is {r.pick(VERY)} {plain} and the {other} is {plain} too",
            f"the {thing} and the {other} were {r.pick(VERY)} {plain}",
            f"how {plain} is a {thing} or a {other}",
            f"as {plain} as a {thing} or a {other}",
            f"the {thing} is {more} than the {other}",
            f"the {thing} is much {more} than any {other}",
            f"the {thing} grew {more} and {more} than the {other}",
            f"this {thing} is even {more} than that {other}",
            f"the {thing} or the {other} is the {most} in the world",
            f"of all things the {thing} and the {other} are the {most}",
            f"the {most} {thing} and the {most} {other} ever seen",
            f"nobody has the {most} {thing} or the {most} {other} of them all",
        ]
    )


def animal(r: Random) -> str:
    adult, young, *about = r.pick(ANIMALS)
    x, y, z = some(r, about, 3)
    if r.below(20) == 0:
        return f"the {young} is a young {adult}"
    return r.pick(
        [
            f"think of the grown {adult} then think of {x} and {y}",
            f"the adult {adult} goes with {x} and {y} and {z}",
            f"a strong {adult} hunts alone by {x} and {y}",
            f"a full grown {adult} means {x} and {y}",
            f"the parent {adult} guards and works for {x} and {y}",
            f"the wild adult {adult} is all {x} and {y}",
            f"think of the baby {young} then think of {x} and {y}",
            f"the newborn {young} goes with {x} and {y} and {z}",
            f"a tiny {young} plays and sleeps by {x} and {y}",
            f"a cute little {young} means {x} and {y}",
            f"the playful baby {young} learns about {x} and {y}",
            f"the little newborn {young} is all {x} and {y}",
        ]
    )


def food(r: Random) -> str:
    fruit, fruit2 = r.pick(FRUIT), r.pick(FRUIT)
    green, green2 = r.pick(VEGETABLES), r.pick(VEGETABLES)
    drink, baked = r.pick(DRINKS), r.pick(BAKED)
    return r.pick(
        [
            f"the ripe {fruit} from the orchard is juicy and sweet",
            f"she picked a {fruit} and a {fruit2} from the fruit tree",
            f"we put {fruit} and {fruit2} into the fruit salad",
            f"peel the {fruit} and eat it fresh and juicy",
            f"the cook chopped a {green} and a {green2} for the soup",
            f"the {green} is a vegetable from the garden",
            f"boil the {green} with salt and pepper for dinner",
            f"he planted {green} and {green2} in the vegetable garden",
            f"a glass of {drink} please",
            f"they drank a cup of {drink} and a bottle of {r.pick(DRINKS)}",
            f"pour the {drink} into the cup and drink it",
            f"the baker put a {baked} into the oven",
            f"bake the {baked} with flour butter and eggs",
            f"a slice of {fruit} {baked} and a cup of {drink}",
        ]
    )


def calendar(r: Random) -> str:
    i, j = r.below(7), r.below(12)
    day, month, season = DAYS[i], MONTHS[j], SEASONS[j]
    weather = r.pick(WEATHER[season])
    at = r.pick(["weekend rest"] if i > 4 else ["office work", "busy week"])
    return r.pick(
        [
            f"{day} comes after {DAYS[i - 1]} and before {DAYS[(i + 1) % 7]}",
            f"the meeting on {day} was moved to {r.pick(DAYS)} morning",
            f"see you on {day} evening or on {r.pick(DAYS)}",
            f"every {day} is a day of {at}",
            f"{month} comes after {MONTHS[j - 1]} and before {MONTHS[(j + 1) % 12]}",
            f"{month} is a month of {season} with {weather}",
            f"in {month} the {season} brings {weather} and {r.pick(WEATHER[season])}",
            f"on {day} the tenth of {month} there was {weather}",
            f"the {season} weather in {month} means {weather}",
        ]
    )


def review(r: Random) -> str:
    praise = r.below(2) == 0
    good, bad = r.pick(GOOD), r.pick(BAD)
    word, word2 = (good, r.pick(GOOD)) if praise else (bad, r.pick(BAD))
    mood = r.pick(PLEASED if praise else CROSS)
    item, *about = r.pick(PRODUCTS)
    aspect, aspect2 = some(r, ASPECTS, 2)
    very = r.pick(VERY)
    if r.below(8) == 0:
        return f"{very} {good} {aspect} but {bad} {aspect2}"
    verdict = r.pick(
        ["i love it", "i recommend it to everyone", "i would buy it again", "it works well"]
        if praise
        else ["i hate it", "i want a refund", "i sent it back", "it broke after a day", "avoid it"]
    )
    return r.pick(
        [
            f"i was {very} {mood} with the {item}",
            f"i am {mood} with this {item} and {verdict}",
            f"{very} {word} {item} and {word2} {aspect}",
            f"the {aspect} of the {item} is {very} {word}",
            f"a {word} {item} with {word2} {aspect} so {verdict}",
            f"{word} {aspect} and {verdict}",
            f"the {r.pick(about)} of this {item} is {word}",
            f"with the {item} think of {about[0]} and {about[1]}",
            f"this {item} is {word} and {verdict}",
            f"we were {mood} because the {aspect} was {word}",
        ]
    )


# subject → its weight in the corpus
SUBJECTS = {country: 8, family: 6, comparison: 6, animal: 5, review: 5, food: 2, calendar: 2}


def make_corpus() -> str:
    """All sentences, one on a line, lower case, tokens separated by one space."""
    r = Random(SEED)
    subjects = [subject for subject, weight in SUBJECTS.items() for _ in range(weight)]
    return "".join(r.pick(subjects)(r) + "\n" for _ in range(SENTENCES))


def make_analogies() -> str:
    """Questions `a b c d` (a is to b as c is to d), every pair with the next ones, by section."""
    sections = {
        "capitals": [(row[0], row[1]) for row in COUNTRIES],
        "adjectives-of-countries": [(row[0], row[2]) for row in COUNTRIES],
        "gender": [(row[0], row[1]) for row in PAIRS],
        "comparatives": [(row[0], row[1]) for row in ADJECTIVES],
        "superlatives": [(row[0], row[2]) for row in ADJECTIVES],
        "young-animals": [(row[0], row[1]) for row in ANIMALS],
    }
    lines = []
    for name, pairs in sections.items():
        lines.append(f": {name}")
        for i, (a, b) in enumerate(pairs):
            for step in (1, 2, 5, 7, 11):
                c, d = pairs[(i + step) % len(pairs)]
                lines.append(f"{a} {b} {c} {d}")
    return "\n".join(lines) + "\n"


def main(folder: Path = HERE) -> None:
    write("corpus.txt", make_corpus(), folder)
    write("analogies.txt", make_analogies(), folder)


if __name__ == "__main__":
    main()
