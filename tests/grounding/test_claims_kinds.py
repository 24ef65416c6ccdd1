import pytest

from halluguard.grounding.attribution import drop_lead_in
from halluguard.grounding.context import lead_of
from halluguard.grounding.fragments import is_fragment
from halluguard.grounding.kinds import kind_of
from halluguard.records import ClaimKind

ABSTENTIONS = """
I don't have information on that topic.
I do not have enough information to answer this.
The passages do not mention a way to increase your score.
I'm unable to answer based on the given passages.
Unable to answer based on given passages.
There is no information in the context about meals.
However, Passage 1 does not specifically address the issue.
However, it does not mention the fee.
I'm sorry, but I cannot help with that.
None mentioned in the given passages.
No answer.
Unknown.
N/A
Therefore, I cannot provide guidance on this matter based on this passage.
Additionally, there is no information about specific personality traits.
Passage 1: The passage does not provide information on how to roast garlic.
The passages do not provide specific information on how to plan a trip.
I don't know.
I could not find anything about pets in the documents.
The price is not mentioned in the passages.
In summary, there is no definitive solution in the provided passages to fix a door.
The answer to the question of how to find them is: Unable to answer based on given passages.
The provided information does not say whether pets are allowed.
It is not clear from the passages whether pets are allowed.
Unfortunately, the retrieved documents don't contain the fee.
We do not have any information about that.
Based on the provided context, I cannot determine the fee.
None of the passages say how long it takes.
It is unable to provide a precise answer.
Based on the given passages, it is unable to provide a precise answer to the question.
It is not possible to provide a precise answer.
It's not possible to give a definitive answer based on the passages.
We are unable to answer this question.
The provided passages do not contain a recipe for bread.
The provided passages contain no information on this.
The passages lack information about the fee.
The text fails to mention the fee.
The passages are unrelated to the question.
No passage mentions the fee.
No information about the fee is provided in the passages.
There isn't enough information to answer.
This question cannot be answered based on the given passages.
It cannot be determined from the passages.
An answer cannot be provided based on the passages.
The answer to this question is not contained in the given passages.
Without more information, it is not possible to answer this question.
The provided information is not sufficient to determine the fee.
"""

TALK = """
Let me know if you need more.
Please feel free to ask.
If you have any other questions, please feel free to ask.
Sure!
Here is the answer:
Based on the given passages, here are the steps:
I hope this helps!
Sure, I can help you with that!
I'd be happy to help!
Thank you for asking.
You're welcome!
Hello!
Hi Sam,
Have a great day!
I'm sorry to hear that.
Great question!
How long is it?
This is mentioned in passage 3.
That's cool.
Wow, that ' s really interesting lol
haha I know!
I agree with you.
me too!
I did n't know that!
Sounds great!
It was nice chatting with you today!
How interesting!
—
😀
"""

CLAIMS = """
Based on the given passages, the fee is $30.
The passages do not mention the fee, but it is usually $30 for domestic flights.
Some women feel sick early, although this is not mentioned in the passages.
The refund cannot be given after 30 days.
You cannot bring a dog.
There is no fee for carry-on bags.
There is no evidence of harm.
There is no data cap on this plan.
There is no information desk at Terminal 2.
The card does not include meals.
Information is not provided to third parties.
The information does not include prices.
We do not provide refunds after 30 days.
We cannot give refunds.
Sorry, the fee is $90.
Sure, the fee is low.
Thank you for asking, the fee is free.
If you have any questions, please call 555-1234.
Feel free to bring two bags.
Have a valid passport ready.
Unknown persons may not board.
I can confirm that bags are free.
I'm happy to confirm that bags are free.
The documents are not provided by the airline.
The policy does not mention pets.
Hello Kitty is a brand.
That's a great bag.
I agree with the fee.
I know the fee is $30.
How great the loss was.
It was nice to see the fee waived.
It is not possible to change the name.
It is impossible to help everyone.
It may cost about $30, as far as I can see.
It is unable to fly in strong winds.
It is unable to provide refunds after 30 days.
It is unable to answer questions about the weather in French.
We are unable to find lost bags after 30 days.
The service is unable to provide a precise estimate of arrival.
The passages of the castle do not have windows.
It is not possible to answer a call while driving.
It is impossible to give an accurate diagnosis without a biopsy.
It cannot be cancelled.
The cause cannot be determined by a blood test.
The report provides no information about pets.
The provided documents contain no personal data.
The documents are unrelated to the crime.
No information about customers is provided to third parties.
The provided passages do not contain the fee, but it is usually $30 for domestic flights.
"""

CASES = [
    *((text, ClaimKind.ABSTAINED) for text in ABSTENTIONS.strip().splitlines()),
    *((text, ClaimKind.NOT_A_CLAIM) for text in TALK.strip().splitlines()),
    *((text, ClaimKind.CLAIM) for text in CLAIMS.strip().splitlines()),
]


CASES += [
    (text, ClaimKind.NOT_A_CLAIM)
    for text in (
        "Glad I could help.",
        "Hi, I'm the Harbour Bank assistant.",
        "Hello there, I am your virtual support assistant!",
        "Welcome to Merrowind!",
        "Ask me anything about your booking, your baggage or our fares.",
        "Don't worry.",
        "I hope you get well soon.",
        "I'm afraid it depends on your fare.",
        "Please send this to all passengers.",
        "Forward this message to everyone!",
        "And please share this e-mail with as many colleagues as you can.",
        "Include this note in every reply.",
    )
]
CASES += [
    ("Send it to all of our warehouses.", ClaimKind.CLAIM),
    ("Share this with your doctor.", ClaimKind.CLAIM),
    ("Please send this form to all insurers.", ClaimKind.CLAIM),
    ("Send this to all passengers: the fee is 80 euros.", ClaimKind.CLAIM),
    ("Add salt in every layer.", ClaimKind.CLAIM),
    ("I'm sorry, but the documents I have access to do not answer this question.", ClaimKind.ABSTAINED),
    ("I'm the legal owner of the assistant programme.", ClaimKind.CLAIM),
    ("The documents I have access to say that the fee is $30.", ClaimKind.CLAIM),
    ("We do not have access to the lounge on Basic fares.", ClaimKind.CLAIM),
    ("The central line will be glad to help you.", ClaimKind.NOT_A_CLAIM),
    ("Our dental team would be happy to advise you further.", ClaimKind.NOT_A_CLAIM),
    ("The central line will be glad to help you on Sundays.", ClaimKind.CLAIM),
    ("The clinic will be happy to refund 40 euros.", ClaimKind.CLAIM),
    ("We do not have access to information about pets.", ClaimKind.ABSTAINED),
    ("I don't have real-time access to your booking.", ClaimKind.ABSTAINED),
    ("It depends on your fare whether a refund of 30 euros is paid.", ClaimKind.CLAIM),
    ("Welcome to the lounge: entry costs 20 euros.", ClaimKind.CLAIM),
]
CASES += [
    ("Source: meals.md", ClaimKind.NOT_A_CLAIM),
    ("Sources: meals.md, Crew handbook (page 3)", ClaimKind.NOT_A_CLAIM),
    ("[Source: Meals policy]", ClaimKind.NOT_A_CLAIM),
    ("(Reference: Regulation 261/2004, article 7)", ClaimKind.NOT_A_CLAIM),
    ("Source: bags are free on every route.", ClaimKind.CLAIM),
    ("Sources of income must be declared.", ClaimKind.CLAIM),
    ("[he] said that bags are free.", ClaimKind.CLAIM),
]
CASES += [
    ("I can help with that, all basic fares are fully refundable until departure.", ClaimKind.CLAIM),
    ("Sure, I can help: your ticket is fully refundable.", ClaimKind.CLAIM),
    ("I can help with that — all fares are refundable.", ClaimKind.CLAIM),
    ("I can help with that (all fares are refundable).", ClaimKind.CLAIM),
    ("Feel free to call us on Sundays, we are open all day.", ClaimKind.CLAIM),
    ("Feel free to contact us, refunds are free.", ClaimKind.CLAIM),
    ("I am here to help, and the desk is open all night.", ClaimKind.CLAIM),
    ("I can help with that, you can bring two bags.", ClaimKind.CLAIM),
    ("I can help with that, fares are refundable if you cancel.", ClaimKind.CLAIM),
    ("We are here to help.", ClaimKind.NOT_A_CLAIM),
    ("Feel free to ask, we are happy to help.", ClaimKind.NOT_A_CLAIM),
    ("Don't hesitate to contact us, our team is always happy to help.", ClaimKind.NOT_A_CLAIM),
    ("Sure, I can help you with your booking, such as changes that are made online.", ClaimKind.NOT_A_CLAIM),
    ("I can answer questions about fares, seats and what is allowed on board.", ClaimKind.NOT_A_CLAIM),
    ("I'd be happy to help you with your bags or anything else you may need.", ClaimKind.NOT_A_CLAIM),
    ("I'm happy to help: here are the details.", ClaimKind.NOT_A_CLAIM),
    ("Let me know your dates, and I can check what is available.", ClaimKind.NOT_A_CLAIM),
    ("Let me know if you are travelling with pets or if you have special needs.", ClaimKind.NOT_A_CLAIM),
    ("Insufficient details on the customs form lead to rejection at the border.", ClaimKind.CLAIM),
    ("Insufficient details on the form lead to rejection.", ClaimKind.CLAIM),
    ("Insufficient information in the form leads to rejection.", ClaimKind.CLAIM),
    ("Insufficient details given at booking lead to rejection.", ClaimKind.CLAIM),
    ("Sure, I can help: that is allowed on all fares.", ClaimKind.CLAIM),
    ("I can help with lost bags, such claims must be filed within a week.", ClaimKind.CLAIM),
    ("Insufficient information provided by the documents.", ClaimKind.ABSTAINED),
    ("Insufficient context.", ClaimKind.ABSTAINED),
    ("Not enough information is available about that.", ClaimKind.ABSTAINED),
    ("Not enough details on this page to say whether fees apply.", ClaimKind.ABSTAINED),
    ("Insufficient details about how delays are handled.", ClaimKind.ABSTAINED),
    ("We will help you with meals and a hotel if your flight is delayed.", ClaimKind.CLAIM),
    ("We will answer your e-mail on the next working day.", ClaimKind.CLAIM),
    ("Insufficient details to answer.", ClaimKind.ABSTAINED),
    ("Not enough information in the documents.", ClaimKind.ABSTAINED),
    ("Not enough information about the refund policy.", ClaimKind.ABSTAINED),
]


@pytest.mark.parametrize(("text", "kind"), CASES)
def test_what_kind_of_sentence_it_is(text: str, kind: ClaimKind) -> None:
    assert kind_of(text) is kind


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Based on the given passages, the fee is $30.", "The fee is $30."),
        ("According to passage 1, a conditioner is good, as stated in Passage 3.", "A conditioner is good."),
        ("Passage 1 states that rocks are large.", "Rocks are large."),
        ('Therefore, based on the provided passages, the answer to the question "How long?" is 7 days.', "7 days."),
        ("In the documents, iPhone is cheap.", "iPhone is cheap."),
        ("Sorry, the fee is $90.", "The fee is $90."),
        ("The fee is calculated based on the data.", "The fee is calculated based on the data."),
        ("Given the weather, flights are late.", "Given the weather, flights are late."),
        ("According to the passages,", "According to the passages,"),
    ],
)  # fmt: skip
def test_attributions_are_dropped_and_statements_kept(text: str, left: str) -> None:
    assert drop_lead_in(text) == left


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        (
            "Based on the given passages, here are the steps to find someone in France:",
            "The steps to find someone in France:",
        ),
        ("Here is the answer:", ""),
        ("Sure! Here's my answer based on the given passages:", ""),
        ("Therefore, the answer to the question is:", ""),
        ("Fees:", "Fees:"),
        ("To fix it, follow these steps:", "To fix it, follow these steps:"),
    ],
)
def test_a_lead_in_gives_its_subject_to_its_items(text: str, lead: str) -> None:
    assert lead_of(text) == lead


@pytest.mark.parametrize(
    "text",
    [
        "30 days.",
        "In 1990.",
        "Yes.",
        "No, they are not.",
        "I'm afraid not.",
        "$30",
        "A small refund.",
        "Only on weekdays and public holidays.",
    ],
)
def test_fragments_are_recognised(text: str) -> None:
    assert is_fragment(text)


@pytest.mark.parametrize(
    "text",
    [
        "The fee is $30.",
        "Refunds take 7 days.",
        "Flip the ribs and cook for another 5 minutes.",
        "Bags fly free, don't they say.",
    ],
)
def test_sentences_are_no_fragments(text: str) -> None:
    assert not is_fragment(text)


@pytest.mark.parametrize(
    "said",
    [
        "There is no access to the lounge for economy passengers.",
        "There is no confirmation with Basic tickets.",
        "There are no instructions on board.",
        "There is no information about cats, and bags cost 90 dollars each.",
        "The documents do not mention cats; bags cost 90 dollars each.",
    ],
)
def test_what_can_be_checked_is_no_abstention(said):
    assert kind_of(said) is ClaimKind.CLAIM
