"""Made-up names of people, organisations and addresses, of many countries. Seeded by the caller."""

import random

from evals.detectors.training.generate_pii import Values
from evals.detectors.training.grammar import lines, words

GIVEN = words(
    """
    Aarav | Abdullah | Abebe | Adaeze | Agnieszka | Aiko | Alejandro | Alina | Amara | Amina |
    Amit | Anastasia | Andrzej | Anh | Antonio | Aoife | Arash | Asha | Aylin | Ayodele |
    Beatriz | Bilal | Bogdan | Camila | Carlos | Chiara | Chidi | Chiamaka | Ciara | Clément |
    Dalia | Daniela | Dariusz | Deepak | Dinesh | Diego | Dmitry | Ebru | Elif | Emeka | Emre |
    Eszter | Fatou | Fatoumata | Farah | Femi | Fernanda | Francesco | Gábor | Giovanna | Goran
    | Gustavo | Haruto | Hassan | Hiroko | Hye-jin | Ibrahim | Ikram | Ingrid | Ioana | Isabela
    | Ivana | Jamal | Javier | Jelena | Ji-woo | Jin | Joanna | João | Jorge | Juan | Kavita |
    Kemal | Khadija | Kofi | Kwame | Lakshmi | Lars | Leila | Linh | Lucía | Magdalena | Mai |
    Malik | Manoj | Mariam | Mateo | Mehmet | Mei | Mercedes | Min-jun | Miroslav | Moussa |
    Mustafa | Nadia | Naoko | Neha | Ngozi | Nikolai | Nguyễn | Noor | Nuno | Oksana | Olumide
    | Omar | Paolo | Pavel | Pedro | Phuong | Pooja | Priyanka | Rafael | Rahul | Ravi | Renata
    | Rodrigo | Rosa | Ruslan | Samira | Sanjay | Santiago | Satoshi | Siddharth | Sigrid |
    Siobhán | Sofía | Soo-jin | Stefano | Suleiman | Sunita | Svetlana | Takashi | Tariq |
    Tendai | Thandiwe | Thiago | Tuan | Valentina | Vikram | Wanjiru | Wei | Xavier | Xin |
    Yara | Yasmin | Yetunde | Youssef | Yuki | Yusuf | Zainab | Zeynep | Zoltán | Zuzana |
    Emily | James | Olivia | Thomas | Grace | Daniel | Hannah | Michael
    """
)
FAMILY = words(
    """
    Abdi | Achieng | Adeyemi | Agarwal | Ahmed | Akhtar | Alvarez | Andersson | Antonov | Aydın
    | Banerjee | Barros | Bianchi | Botha | Bui | Campos | Castro | Chandra | Chatterjee | Chen
    | Cho | Choi | Conti | Costa | Cruz | Dang | Das | Delgado | Demir | Desai | Diallo |
    Dimitrov | Diop | Dlamini | Do | Dubois | Eze | Farouk | Fernandes | Ferrari | Fischer |
    Flores | Fofana | Fujimoto | García-López | Ghosh | Gomes | Gonzalez | Gupta | Gutiérrez |
    Haddad | Hashimoto | Herrera | Hoang | Horvat | Hossain | Hussein | Ibáñez | Ivanova | Iyer
    | Jansen | Jiménez | Jovanović | Kamau | Kang | Kaplan | Kapoor | Karimi | Kaya | Keita |
    Khan | Kim | Kobayashi | Kowalczyk | Kovács | Kumar | Kuznetsov | Larsen | Le | Lewandowski
    | Lim | Liu | Lopes | Mahmoud | Malhotra | Mancini | Martínez | Mbeki | Mehta | Mendoza |
    Mensah | Mishra | Mohamed | Morales | Moreau | Mutua | Mwangi | Nair | Nakamura | Navarro |
    Ndiaye | Nguyen | Nkosi | Novák | Nowak | O'Brien | O'Connor | O'Sullivan | Obi | Okafor |
    Okonkwo | Ortega | Osei | Owusu | Özdemir | Park | Patel | Pereira | Petrov | Pham |
    Popescu | Rahman | Ramírez | Rao | Reddy | Reyes | Ribeiro | Rojas | Rossi | Sahin | Saito
    | Salazar | Sato | Sharma | Silva | Singh | Sokolov | Sow | Subramanian | Suzuki | Szabó |
    Takahashi | Tanaka | Tran | Traoré | Usman | van den Berg | de la Cruz | Vargas | Vasquez |
    Verma | Vu | Wang | Watanabe | Wójcik | Yamamoto | Yılmaz | Yoon | Zhang | Zhou | Zulu |
    Walker | Hughes | Bennett | Foster | Graham
    """
)
FIRMS = lines(
    """
{family} {suffix}
{family} & {other}
{family}, {other} and {third}
{family} and Sons
University of {town}
{town} General Hospital
{town} {branch} {suffix}
Bank of {town}
{coined}
{coined} {suffix}
{coined} {branch}
St. {given} School
"""
)
SUFFIXES = words(
    "Inc | Inc. | Ltd | LLC | GmbH | AG | S.A. | B.V. | AB | Corp | Group | Holdings | Partners"
)
BRANCHES = words(
    """
    Logistics | Software | Energy | Foods | Insurance | Capital | Motors | Pharma | Airlines |
    Textiles | Consulting | Media | Robotics | Analytics | Systems | Bank | Telecom
    """
)
SYLLABLES = words(
    """
    zen | nor | vi | tal | lux | qua | tri | mo | va | dex | ply | cor | sy | nex | ora | bri |
    ken | flo | gra | pix | lo | mar | tex | u | ni | sol
    """
)
ADDRESSES = lines(
    """
{number} {name} {street}
{number} {name} {street}, {town}
{number} {name} {street}, {town}, {state} {zip}
{number} {name} {street}, {town} {state} {zip}
{number} {side} {name} {street}, Apt {number}, {town}, {state} {zip}
{number} {name} {street}\\n{town}, {state} {zip}
{number} {name} {street}, {town} {postcode}
{name}straße {small}, {zip} {town}
{name}weg {small}\\n{zip} {town}
{name}gatan {small}, {zip} {town}
{name}laan {small}, {code} {town}
{small} rue de {name}, {zip} {town}
{small}, avenue {name}, {zip} {town}
Rua {name} {number}, {code}-{small} {town}
Rua das {name} {small}, {town}
Calle {name} {small}, {zip} {town}
Via {name} {small}, {zip} {town}
ul. {name} {small}, {small}-{number} {town}
{name} utca {small}, {code} {town}
PO Box {number}, {town}, {state} {zip}
Flat {small}, {number} {name} {street}, {town}
"""
)
STREETS = words(
    """
    Street | St | Road | Rd | Avenue | Ave | Lane | Drive | Boulevard | Blvd | Way | Court |
    Terrace | Parkway | Place | Crescent | Close | Square
    """
)
STATES = words(
    "AL | AZ | CA | CO | FL | GA | IL | MA | MD | MI | MN | NC | NJ | NY | OH | OR | TX | WA"
)


def person(_: Values, pick: random.Random) -> str:
    """A full name, or a part of one."""
    given, family = pick.choice(GIVEN), pick.choice(FAMILY)
    middle = f"{pick.choice('ABCDEGHJKLMNPRST')}. " if pick.random() < 0.1 else ""
    return pick.choice((f"{given} {middle}{family}",) * 3 + (given, family))


def organization(values: Values, pick: random.Random) -> str:
    """A firm, a school, a hospital."""
    return pick.choice(FIRMS).format(
        family=pick.choice(FAMILY),
        other=pick.choice(FAMILY),
        third=pick.choice(FAMILY),
        given=pick.choice(GIVEN),
        town=town(values, pick),
        suffix=pick.choice(SUFFIXES),
        branch=pick.choice(BRANCHES),
        coined="".join(pick.choices(SYLLABLES, k=pick.choice((2, 3)))).capitalize(),
    )


def address(values: Values, pick: random.Random) -> str:
    """An address as it is written somewhere."""
    return pick.choice(ADDRESSES).format(
        number=pick.randrange(1, 10_000),
        small=pick.randrange(1, 130),
        zip=f"{pick.randrange(1000, 99_999):05d}",
        code=pick.randrange(1000, 10_000),
        postcode=f"{pick.choice('ABEGLMNSW')}{pick.randrange(1, 20)} {pick.randrange(1, 10)}AB",
        name=pick.choice([*values["person"], pick.choice(FAMILY)]).split()[-1],
        town=town(values, pick),
        street=pick.choice(STREETS),
        state=pick.choice(STATES),
        side=pick.choice(("West", "East", "North", "South")),
    )


def town(values: Values, pick: random.Random) -> str:
    """One of `values`."""
    return pick.choice(values["location"]).split(",")[0]


MAKERS = {"person": person, "organization": organization, "address": address}
"""By label."""
