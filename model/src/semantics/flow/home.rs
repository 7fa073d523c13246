//! The owner of a content: a flow of some type, or a module. Decides which actions are allowed.

/// A flow type, or a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Home {
    /// `CONTACT_FLOW`: the entry of a new contact.
    ContactFlow,
    /// `CUSTOMER_QUEUE`: while the customer waits.
    CustomerQueue,
    /// `CUSTOMER_HOLD`: while the customer is on hold.
    CustomerHold,
    /// `CUSTOMER_WHISPER`: messages to the customer before the agent joins.
    CustomerWhisper,
    /// `AGENT_HOLD`: while the agent is on hold.
    AgentHold,
    /// `AGENT_WHISPER`: messages to the agent before the customer joins.
    AgentWhisper,
    /// `OUTBOUND_WHISPER`: messages to the customer of an outbound call before it is connected.
    OutboundWhisper,
    /// `AGENT_TRANSFER`: during a transfer to another agent.
    AgentTransfer,
    /// `QUEUE_TRANSFER`: during a transfer to another queue.
    QueueTransfer,
    /// `CAMPAIGN`: outbound campaigns.
    Campaign,
    /// A flow module, which has no type.
    Module,
}

impl Home {
    /// All homes, modules last.
    pub const ALL: [Home; 11] = [
        Home::ContactFlow,
        Home::CustomerQueue,
        Home::CustomerHold,
        Home::CustomerWhisper,
        Home::AgentHold,
        Home::AgentWhisper,
        Home::OutboundWhisper,
        Home::AgentTransfer,
        Home::QueueTransfer,
        Home::Campaign,
        Home::Module,
    ];

    /// The name of the flow type in requests; for modules, a word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Home::ContactFlow => "CONTACT_FLOW",
            Home::CustomerQueue => "CUSTOMER_QUEUE",
            Home::CustomerHold => "CUSTOMER_HOLD",
            Home::CustomerWhisper => "CUSTOMER_WHISPER",
            Home::AgentHold => "AGENT_HOLD",
            Home::AgentWhisper => "AGENT_WHISPER",
            Home::OutboundWhisper => "OUTBOUND_WHISPER",
            Home::AgentTransfer => "AGENT_TRANSFER",
            Home::QueueTransfer => "QUEUE_TRANSFER",
            Home::Campaign => "CAMPAIGN",
            Home::Module => "module",
        }
    }

    /// The home of flows of a type; none for types newer than this list.
    pub fn of_type(word: &str) -> Option<Home> {
        Self::ALL.into_iter().find(|home| *home != Home::Module && home.word() == word)
    }
}

/// A set of homes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Homes(u16);

impl Homes {
    /// All homes.
    pub const ALL: Homes = Homes(u16::MAX);

    /// Exactly these homes.
    pub const fn of(homes: &[Home]) -> Homes {
        let mut bits = 0;
        let mut at = 0;
        while at < homes.len() {
            bits |= 1 << homes[at] as u16;
            at += 1;
        }
        Homes(bits)
    }

    /// All homes except these.
    pub const fn but(homes: &[Home]) -> Homes {
        Homes(!Homes::of(homes).0)
    }

    /// Returns true if the set contains the home.
    pub fn has(self, home: Home) -> bool {
        self.0 & (1 << home as u16) != 0
    }
}
