import ModelZoo
import ZooArguments

struct FinetuneVerb: Verb {
  let name = "finetune"
  let summary = "fit a model to your own pictures"
  let discussion = """
    Replaces the head for the classes found in DIR and trains it. Without further options the \
    backbone keeps still: what it makes of each picture is computed once, and every epoch after \
    the first costs what the head costs.

    RUN is a folder: best.h5 is the best epoch and a model like any other, log.csv and curves.svg \
    say how it went, run.json what it was made of, and last.h5 is what --resume goes on from, to \
    the bit. Ctrl-C ends a run after the step it is in and saves it.
    """
  let examples: KeyValuePairs = [
    "zoo finetune resnet18 --data ants-and-bees -o run": "a new head for two classes",
    "zoo finetune resnet18 --data ants-and-bees -o run2 --freeze layer1 --augment standard":
      "deeper, with varied pictures",
    "zoo predict run/best.h5 ant.jpg": "use it",
  ]
  let scratch = Flag("--scratch", help: "begin with random numbers")
  let resume = Flag("--resume", help: "go on with the run in RUN")

  var arguments: [any Argument] {
    [Common.model, Learning.data, Learning.output, resume, scratch, Learning.validation]
  }
  var groups: [ArgumentGroup] { Learning.groups }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    var options = try Learning.options(input)
    options.scratch = try input[scratch]
    let model = try Learning.beginning(input[Common.model], options, in: zoo)
    try Learning.run(
      model, data: input[Learning.data], judges: Learning.judges(input), options,
      in: input[Learning.output], resuming: input[resume], input)
  }
}

struct TrainVerb: Verb {
  let name = "train"
  let summary = "repeat a recipe"
  let discussion = """
    A recipe is a JSON object: “model” (or, with “scratch”, a variant), “data”, and the options of \
    'zoo finetune' by their names. A path in it starts from the recipe's folder. The run.json of an \
    earlier run is a recipe too. --data and --seed replace what it says.
    """
  let examples: KeyValuePairs = ["zoo train Recipes/resnet20.json -o run": "the same weights again"]
  let recipe = Positional<String>(
    "RECIPE", help: "a recipe, or the run.json of a run", completion: .files(endings: ["json"]))
  let data = Option<String?>(
    "--data", value: "DIR", help: "the pictures, where they are elsewhere", completion: .folders)
  let resume = Flag("--resume", help: "go on with the run in RUN")
  var arguments: [any Argument] { [recipe, Learning.output, data, resume] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let recipe = try Recipe(contentsOf: input[recipe])
    var options = recipe.options
    if input.isGiven(Common.seed) { options.seed = try input[Common.seed] }
    let model = try Learning.beginning(recipe.model, options, in: zoo)
    try Learning.run(
      model, data: input[data] ?? recipe.data, judges: recipe.judges, options,
      in: input[Learning.output], resuming: input[resume], input)
  }
}
