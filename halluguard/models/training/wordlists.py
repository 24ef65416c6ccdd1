"""Small hand-written tables behind the edits and rewrites. English only."""

from __future__ import annotations

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

NUMBER_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

#: Each group holds words of one kind; replacing a member by another changes the fact stated.
SIBLINGS: tuple[tuple[str, ...], ...] = (
    ("film", "novel", "album", "play", "musical", "video game"),
    ("comedy", "drama", "horror", "thriller", "western", "documentary"),
    ("actor", "singer", "painter", "politician", "lawyer", "architect", "journalist"),
    ("actress", "singer", "novelist", "dancer"),
    ("director", "composer", "cinematographer", "editor"),
    ("guitarist", "drummer", "bassist", "pianist", "violinist"),
    ("footballer", "cricketer", "boxer", "swimmer", "cyclist"),
    ("football", "basketball", "baseball", "hockey", "tennis", "rugby", "cricket"),
    ("gold", "silver", "bronze"),
    ("king", "bishop", "general", "duke"),
    ("president", "vice president", "secretary", "treasurer"),
    ("physicist", "chemist", "biologist", "mathematician", "historian"),
    ("village", "city", "river", "mountain", "island"),
    ("county", "province", "department"),
    ("university", "hospital", "museum", "library"),
    ("blood", "water", "oxygen"),
    ("liver", "kidney", "heart", "brain", "stomach", "lung"),
    ("summer", "winter", "spring", "autumn"),
    ("red", "blue", "green", "yellow", "purple"),
    ("Senate", "House of Representatives", "Supreme Court"),
    ("rock", "jazz", "folk", "hip hop", "country"),
    ("Catholic", "Protestant", "Orthodox", "Muslim", "Jewish"),
    ("Republican", "Democratic"),
    ("Army", "Navy", "Air Force"),
    ("morning", "evening", "afternoon"),
    ("son", "nephew", "brother", "grandson"),
    ("daughter", "niece", "sister", "granddaughter"),
    ("father", "uncle", "brother", "grandfather"),
    ("mother", "aunt", "sister", "grandmother"),
    ("wife", "sister", "mother", "daughter"),
    ("husband", "brother", "father", "son"),
    ("iron", "copper", "gold", "coal"),
    ("species", "genus", "family"),
    ("plane", "train", "ship", "bus"),
    ("teacher", "nurse", "farmer", "engineer", "doctor"),
    ("manager", "customer", "supplier", "contractor"),
    ("email", "letter", "phone"),
    ("dog", "cat", "horse"),
    ("weekly", "daily", "monthly", "yearly"),
    ("protein", "enzyme", "hormone", "vitamin"),
    ("left", "right"),
    ("BBC", "NBC", "CBS", "Fox", "HBO", "Netflix"),
)

ANTONYMS: tuple[tuple[str, str], ...] = (
    ("largest", "smallest"), ("biggest", "smallest"), ("oldest", "youngest"), ("highest", "lowest"),
    ("longest", "shortest"), ("best", "worst"), ("most", "least"), ("earliest", "latest"), ("first", "last"),
    ("increase", "decrease"), ("increased", "decreased"), ("increases", "decreases"), ("increasing", "decreasing"),
    ("higher", "lower"), ("more", "fewer"), ("better", "worse"), ("larger", "smaller"), ("longer", "shorter"),
    ("older", "younger"), ("earlier", "later"), ("before", "after"), ("above", "below"), ("inside", "outside"),
    ("north", "south"), ("east", "west"), ("northern", "southern"), ("eastern", "western"),
    ("North", "South"), ("East", "West"), ("Northern", "Southern"), ("Eastern", "Western"),
    ("northeast", "southwest"), ("northwest", "southeast"), ("upper", "lower"), ("early", "late"),
    ("male", "female"), ("men", "women"), ("man", "woman"), ("boys", "girls"), ("boy", "girl"),
    ("public", "private"), ("rich", "poor"), ("begins", "ends"), ("began", "ended"), ("opened", "closed"),
    ("founded", "dissolved"), ("joined", "left"), ("accepted", "rejected"), ("approved", "rejected"),
    ("allows", "forbids"), ("allowed", "forbade"), ("bought", "sold"), ("rose", "fell"), ("rise", "fall"),
    ("won", "lost"), ("winning", "losing"), ("victory", "defeat"), ("success", "failure"),
    ("successful", "unsuccessful"), ("successfully", "unsuccessfully"), ("major", "minor"), ("professional", "amateur"),
    ("former", "current"), ("same", "different"), ("long", "short"), ("large", "small"), ("high", "low"),
    ("strong", "weak"), ("common", "rare"), ("popular", "unpopular"), ("positive", "negative"), ("hot", "cold"),
    ("fast", "slow"), ("safe", "dangerous"), ("easy", "difficult"), ("possible", "impossible"), ("open", "closed"),
    ("modern", "ancient"), ("full", "empty"), ("fictional", "real"), ("retired", "active"), ("married", "unmarried"),
    ("critically acclaimed", "critically panned"), ("with", "without"), ("supported", "opposed"),
    ("support", "oppose"), ("agreed", "refused"), ("always", "never"), ("often", "rarely"), ("usually", "rarely"),
    ("frequently", "seldom"), ("internal", "external"), ("maximum", "minimum"), ("gained", "lost"),
    ("praised", "criticized"), ("remembered", "forgot"), ("included", "excluded"), ("includes", "excludes"),
    ("temporary", "permanent"), ("voluntary", "compulsory"), ("optional", "mandatory"), ("legal", "illegal"),
    ("good", "bad"), ("happy", "unhappy"), ("likely", "unlikely"), ("able", "unable"), ("known", "unknown"),
    ("over", "under"), ("reduce", "increase"), ("reduces", "increases"), ("improve", "worsen"),
    ("prevents", "causes"), ("prevent", "cause"), ("wide", "narrow"), ("young", "old"), ("new", "old"),
    ("ascending", "descending"), ("import", "export"), ("urban", "rural"), ("adult", "juvenile"),
)  # fmt: skip

QUANTIFIERS: tuple[tuple[str, str], ...] = (
    ("all", "none"), ("every", "no"), ("many", "few"), ("some", "no"), ("several", "no"), ("most of", "none of"),
    ("most", "few"), ("both", "neither of"), ("numerous", "few"), ("a few", "no"), ("each", "no"),
    ("everyone", "no one"), ("everything", "nothing"), ("half of", "all of"), ("majority", "minority"),
    ("at least", "at most"), ("more than", "fewer than"), ("over", "under"), ("up to", "at least"),
    ("less than", "more than"), ("fewer than", "more than"), ("twice", "three times"), ("once", "three times"),
    ("a number of", "no"), ("various", "no"), ("little", "a great deal of"),
)  # fmt: skip

#: Strong to weak: what holds of the left holds of the right.
WEAKER: tuple[tuple[str, str], ...] = (
    ("many", "some"), ("several", "some"), ("most", "many"), ("numerous", "many"), ("always", "often"),
    ("every", "almost every"), ("hundreds of", "many"), ("thousands of", "many"), ("millions of", "many"),
    ("all of the", "some of the"), ("both of", "at least one of"), ("must", "should"), ("exclusively", "mainly"),
    ("nearly all", "many"), ("vast majority", "majority"), ("a great many", "some"), ("extremely", "very"),
)  # fmt: skip

#: Left and right say the same thing.
SYNONYMS: tuple[tuple[str, str], ...] = (
    ("film", "movie"), ("located in", "situated in"), ("situated in", "located in"), ("began", "started"),
    ("largest", "biggest"), ("purchased", "bought"), ("approximately", "about"), ("roughly", "about"),
    ("also known as", "also called"), ("wrote", "penned"), ("founded", "established"), ("established", "founded"),
    ("physician", "doctor"), ("attorney", "lawyer"), ("United States", "US"), ("United Kingdom", "UK"),
    ("in order to", "to"), ("children", "kids"), ("near", "close to"), ("received", "got"), ("obtained", "got"),
    ("resides", "lives"), ("resided", "lived"), ("however", "though"), ("assisted", "helped"), ("ended", "finished"),
    ("various", "different"), ("numerous", "many"), ("often", "frequently"), ("usually", "normally"),
    ("part of", "a component of"), ("consists of", "is made up of"), ("contains", "holds"), ("required", "needed"),
    ("requires", "needs"), ("constructed", "built"), ("built", "constructed"), ("created", "made"),
    ("attempted", "tried"), ("commenced", "began"), ("such as", "like"), ("is able to", "can"), ("can", "is able to"),
    ("became", "turned into"), ("main", "principal"), ("primarily", "mainly"), ("mainly", "primarily"),
    ("famous", "well-known"), ("died", "passed away"), ("graduated from", "finished studies at"),
    ("served as", "acted as"), ("moved to", "relocated to"), ("because of", "owing to"), ("although", "even though"),
    ("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("big", "large"), ("quickly", "fast"),
    ("American", "U.S."), ("British", "UK"), ("television", "TV"), ("percent", "%"), ("couple", "pair"),
    ("firm", "company"), ("company", "business"), ("begins", "starts"), ("starring", "featuring"), ("stars", "features"),
    ("was released", "came out"), ("is based on", "draws on"), ("career", "working life"), ("a number of", "several"),
    ("worldwide", "around the world"), ("across the world", "worldwide"), ("annually", "every year"),
    ("each year", "annually"), ("prior to", "before"), ("following", "after"), ("due to", "because of"),
    ("therefore", "so"), ("entire", "whole"), ("select", "choose"), ("show", "program"), ("song", "track"),
)  # fmt: skip

UNITS: tuple[tuple[str, ...], ...] = (
    ("million", "billion", "thousand"),
    ("kilometers", "meters", "miles"),
    ("kilometres", "metres", "miles"),
    ("km", "m", "miles"),
    ("feet", "meters", "inches"),
    ("miles", "kilometers", "yards"),
    ("acres", "hectares", "square miles"),
    ("kg", "pounds", "tonnes"),
    ("pounds", "kilograms", "tons"),
    ("minutes", "hours", "seconds"),
    ("hours", "days", "minutes"),
    ("days", "weeks", "months"),
    ("weeks", "months", "years"),
    ("months", "years", "weeks"),
    ("years", "months", "decades"),
    ("dollars", "euros", "pounds"),
    ("percent", "per thousand"),
    ("centuries", "decades"),
    ("episodes", "seasons"),
    ("century", "decade"),
)

PLACES = (
    "France", "Germany", "Italy", "Spain", "Portugal", "Japan", "China", "India", "Pakistan", "Brazil", "Argentina",
    "Mexico", "Canada", "Australia", "England", "Scotland", "Wales", "Ireland", "Poland", "Russia", "Turkey", "Egypt",
    "Nigeria", "Kenya", "Sweden", "Norway", "Denmark", "Finland", "Greece", "Austria", "Hungary", "Romania", "Iran",
    "Israel", "Indonesia", "Malaysia", "Vietnam", "Thailand", "Chile", "Peru", "Colombia", "Cuba", "Belgium",
    "London", "Paris", "Berlin", "Rome", "Madrid", "Tokyo", "Beijing", "Mumbai", "Chicago", "Boston", "Seattle",
    "Toronto", "Sydney", "Melbourne", "Dublin", "Vienna", "Moscow", "Cairo", "Istanbul", "Philadelphia", "Houston",
    "New York City", "Los Angeles", "San Francisco", "California", "Texas", "Florida", "Ohio", "Michigan", "Illinois",
    "Pennsylvania", "Virginia", "Georgia", "Colorado", "Arizona", "Oregon", "Massachusetts", "New Jersey", "Tennessee",
    "Europe", "Asia", "Africa", "North America", "South America", "the United States", "the United Kingdom",
    "the Netherlands", "the Philippines", "Hong Kong", "Singapore", "South Korea", "New Zealand", "South Africa",
)  # fmt: skip

NATIONALITIES = (
    "American", "British", "French", "German", "Italian", "Spanish", "Portuguese", "Japanese", "Chinese", "Indian",
    "Pakistani", "Brazilian", "Mexican", "Canadian", "Australian", "English", "Scottish", "Welsh", "Irish", "Polish",
    "Russian", "Turkish", "Egyptian", "Nigerian", "Swedish", "Norwegian", "Danish", "Finnish", "Greek", "Austrian",
    "Hungarian", "Iranian", "Israeli", "Korean", "Dutch", "Belgian", "Swiss", "Czech", "Argentine", "Cuban",
)  # fmt: skip

#: past -> (base form, past participle); used for "did not" and for active/passive.
VERBS: dict[str, tuple[str, str]] = {
    "won": ("win", "won"), "lost": ("lose", "lost"), "wrote": ("write", "written"), "became": ("become", "become"),
    "began": ("begin", "begun"), "made": ("make", "made"), "took": ("take", "taken"), "gave": ("give", "given"),
    "went": ("go", "gone"), "came": ("come", "come"), "left": ("leave", "left"), "grew": ("grow", "grown"),
    "held": ("hold", "held"), "led": ("lead", "led"), "sold": ("sell", "sold"), "bought": ("buy", "bought"),
    "built": ("build", "built"), "found": ("find", "found"), "taught": ("teach", "taught"), "beat": ("beat", "beaten"),
    "directed": ("direct", "directed"), "produced": ("produce", "produced"), "released": ("release", "released"),
    "founded": ("found", "founded"), "designed": ("design", "designed"), "composed": ("compose", "composed"),
    "developed": ("develop", "developed"), "created": ("create", "created"), "published": ("publish", "published"),
    "discovered": ("discover", "discovered"), "defeated": ("defeat", "defeated"), "received": ("receive", "received"),
    "played": ("play", "played"), "joined": ("join", "joined"), "moved": ("move", "moved"), "died": ("die", "died"),
    "served": ("serve", "served"), "worked": ("work", "worked"), "married": ("marry", "married"),
    "returned": ("return", "returned"), "appeared": ("appear", "appeared"), "starred": ("star", "starred"),
    "studied": ("study", "studied"), "graduated": ("graduate", "graduated"), "attended": ("attend", "attended"),
    "opened": ("open", "opened"), "started": ("start", "started"), "ended": ("end", "ended"),
    "reached": ("reach", "reached"), "earned": ("earn", "earned"), "recorded": ("record", "recorded"),
    "performed": ("perform", "performed"), "signed": ("sign", "signed"), "called": ("call", "called"),
    "described": ("describe", "described"), "represented": ("represent", "represented"), "covered": ("cover", "covered"),
    "completed": ("complete", "completed"), "killed": ("kill", "killed"), "invented": ("invent", "invented"),
    "succeeded": ("succeed", "succeeded"), "replaced": ("replace", "replaced"), "introduced": ("introduce", "introduced"),
    "adopted": ("adopt", "adopted"), "launched": ("launch", "launched"), "acquired": ("acquire", "acquired"),
    "announced": ("announce", "announced"), "helped": ("help", "helped"), "used": ("use", "used"),
    "remained": ("remain", "remained"), "lived": ("live", "lived"), "included": ("include", "included"),
    "featured": ("feature", "featured"), "premiered": ("premiere", "premiered"), "commissioned": ("commission", "commissioned"),
    "conducted": ("conduct", "conducted"), "edited": ("edit", "edited"), "painted": ("paint", "painted"),
    "established": ("establish", "established"), "captured": ("capture", "captured"), "said": ("say", "said"),
    "wanted": ("want", "wanted"), "agreed": ("agree", "agreed"), "decided": ("decide", "decided"),
}  # fmt: skip

#: Verbs whose subject and object cannot be exchanged, for active/passive and role swaps.
DIRECTED_VERBS = (
    "directed", "produced", "founded", "designed", "composed", "developed", "created", "published", "discovered",
    "defeated", "recorded", "performed", "represented", "invented", "succeeded", "replaced", "acquired", "edited",
    "painted", "established", "captured", "killed", "wrote", "built", "led", "taught", "commissioned", "introduced",
)  # fmt: skip

#: (frame, what the sentence inside it then is): the words stay, the commitment changes.
FRAMES: tuple[tuple[str, str], ...] = (
    ("It was rumoured that {}", "neutral"),
    ("Some people believe that {}", "neutral"),
    ("According to an unconfirmed report, {}", "neutral"),
    ("A rival claimed that {}", "neutral"),
    ("It is possible that {}", "neutral"),
    ("Many had hoped that {}", "neutral"),
    ("No one knows whether {}", "neutral"),
    ("It is not true that {}", "contradiction"),
    ("It is a myth that {}", "contradiction"),
    ("Contrary to what was written earlier, it is false that {}", "contradiction"),
    ("It is well known that {}", "entailment"),
    ("Records confirm that {}", "entailment"),
    ("It is a fact that {}", "entailment"),
    ("It turned out that {}", "entailment"),
    ("Historians have established that {}", "entailment"),
)
